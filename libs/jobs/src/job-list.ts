import type { Redis } from 'ioredis';
import { z } from 'zod';
import { InvalidCursorError } from './errors.js';
import { type Job, type JobKind, jobKind } from './job.js';
import type { JobKeys } from './job-keys.js';
import { jobOf, type JobRecord, readSummary } from './job-record.js';
import { JOB_STATES, type JobState } from './job-state.js';

/** Which jobs, and how many at once. */
export interface JobFilter {
  kind?: JobKind | undefined;
  state?: JobState | undefined;
  tag?: string | undefined;
  /** The model that a generate job uses or that a train job made. */
  model?: string | undefined;
  limit: number;
  /** The id of the last job of the page before. */
  after?: string | undefined;
}

/** A page of jobs. One that was filtered may be short and still have a next one. */
export interface JobPage {
  data: Job[];
  nextCursor: string | null;
}

/** How many records one page looks at before it is given short. */
const SCAN_FACTOR = 10;

/**
 * Jobs, newest first. Ids sort as their jobs were made, so a page goes on below an id, whatever was added since.
 * Prompts and places in the queue are left out.
 */
export async function listJobs(redis: Redis, keys: JobKeys, filter: JobFilter): Promise<JobPage> {
  if (filter.after !== undefined && !/^job_[0-9A-HJKMNP-TV-Z]{26}$/u.test(filter.after)) {
    throw new InvalidCursorError(`after is ${JSON.stringify(filter.after)}; it must be a nextCursor of this list`);
  }
  const data: Job[] = [];
  let below = filter.after;
  for (let scanned = 0; scanned < filter.limit * SCAN_FACTOR; scanned += filter.limit) {
    const ids = await idsBelow(redis, keys, filter, below);
    const records = await Promise.all(ids.map((id) => readSummary(redis, keys.job(id))));
    for (const [index, record] of records.entries()) {
      below = ids[index];
      if (!record) continue;
      // It may have moved on since the index was read.
      if (filter.state !== undefined && record.state !== filter.state) continue;
      if (filter.tag !== undefined && !record.tags.includes(filter.tag)) continue;
      if (filter.model !== undefined && modelOf(record) !== filter.model) continue;
      data.push(jobOf(record, null));
      if (data.length === filter.limit) return { data, nextCursor: record.id };
    }
    if (ids.length < filter.limit) return { data, nextCursor: null };
  }
  return { data, nextCursor: below ?? null };
}

function modelOf(record: JobRecord): string | undefined {
  if (record.model !== undefined) return record.model;
  return record.result && 'model' in record.result ? record.result.model : undefined;
}

/**
 * Up to `limit` ids below one, newest first, merged from the indexes that the filter names. They are read in one
 * transaction: a job that moves between two of them is neither missed nor found twice.
 */
async function idsBelow(redis: Redis, keys: JobKeys, filter: JobFilter, below: string | undefined): Promise<string[]> {
  const indexes =
    filter.kind === undefined && filter.state === undefined
      ? [keys.all()]
      : (filter.kind === undefined ? jobKind.options : [filter.kind]).flatMap((kind) =>
          (filter.state === undefined ? JOB_STATES : [filter.state]).map((state) => keys.inState(kind, state)),
        );
  const from = below === undefined ? '+' : `(${below}`;
  const reading = redis.multi();
  for (const key of indexes) reading.zrevrangebylex(key, from, '-', 'LIMIT', 0, filter.limit);
  const found = (await reading.exec())?.flatMap(([error, ids]) => {
    if (error) throw error;
    return z.array(z.string()).parse(ids);
  });
  return (found ?? []).sort().reverse().slice(0, filter.limit);
}
