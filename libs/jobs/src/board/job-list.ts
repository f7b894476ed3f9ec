import { type Job, JOB_STATES, jobKind, type JobKind, type JobState, JOB_CURSOR } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { InvalidCursorError } from './errors.js';
import type { JobKeys } from '../records/job-keys.js';
import { type JobRecord, modelOf, readProbes, readSummaries, type RecordProbe } from '../records/job-record.js';
import { jobOf } from './job-view.js';

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
const MOST_LOOKED_AT = 500;

/**
 * Jobs, newest first. A page continues below an id, whatever was added since. Of what the filter names, the index with the
 * fewest jobs is read, and the records that it leads to are compared with the rest.
 * Prompts and places in the queue are left out.
 */
export async function listJobs(redis: Redis, keys: JobKeys, filter: JobFilter): Promise<JobPage> {
  if (filter.after !== undefined && !JOB_CURSOR.test(filter.after)) {
    throw new InvalidCursorError(`after is ${JSON.stringify(filter.after)}; it must be a nextCursor of this list`);
  }
  const indexes = await smallestIndexes(redis, keys, filter);
  const data: Job[] = [];
  let below = filter.after;
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; lookedAt += filter.limit) {
    const ids = await idsBelow(redis, indexes, filter.limit, below);
    for (const record of await readMatching(redis, keys, ids, filter)) {
      data.push(jobOf(record, null));
      if (data.length === filter.limit) return { data, nextCursor: record.id };
    }
    if (ids.length < filter.limit) return { data, nextCursor: null };
    below = ids.at(-1);
  }
  return { data, nextCursor: below ?? null };
}

/** The records of these jobs that the filter lets through, in their order. Only those are read whole. */
async function readMatching(redis: Redis, keys: JobKeys, ids: string[], filter: JobFilter): Promise<JobRecord[]> {
  const { kind, state, tag, model } = filter;
  const isUnfiltered = [kind, state, tag, model].every((each) => each === undefined);
  let names = ids.map((id) => keys.job(id));
  if (!isUnfiltered) {
    const probes = await readProbes(redis, names);
    names = names.filter((_, place) => matches(probes[place], filter));
  }
  const records = await readSummaries(redis, names);
  return records.filter((record) => record !== undefined);
}

function matches(record: RecordProbe | undefined, { kind, state, tag, model }: JobFilter): boolean {
  if (!record) return false;
  if (kind !== undefined && record.kind !== kind) return false;
  // It may have moved on since the index was read.
  if (state !== undefined && record.state !== state) return false;
  if (tag !== undefined && !record.tags.includes(tag)) return false;
  return model === undefined || modelOf(record) === model;
}

/** The indexes whose jobs are all that the filter can find: of several such choices, the one with the fewest jobs. */
async function smallestIndexes(redis: Redis, keys: JobKeys, filter: JobFilter): Promise<string[]> {
  const { kind, state, tag, model } = filter;
  const choices = [
    ...(tag === undefined ? [] : [[keys.tagged(tag)]]),
    ...(model === undefined ? [] : [[keys.withModel(model)]]),
    ...(kind === undefined && state === undefined ? [] : [stateIndexes(keys, filter)]),
  ];
  if (choices.length < 2) return choices[0] ?? [keys.all()];
  const sizes = await Promise.all(
    choices.map(async (indexes) => {
      const counts = await Promise.all(indexes.map((index) => redis.zcard(index)));
      return counts.reduce((sum, count) => sum + count, 0);
    }),
  );
  return choices[sizes.indexOf(Math.min(...sizes))] ?? [];
}

function stateIndexes(keys: JobKeys, { kind, state }: JobFilter): string[] {
  const kinds = kind === undefined ? jobKind.options : [kind];
  const states = state === undefined ? JOB_STATES : [state];
  return kinds.flatMap((one) => states.map((other) => keys.inState(one, other)));
}

/**
 * Up to `limit` ids below one, newest first, merged from indexes. They are read in one transaction: a job that moves
 * between two of them is neither missed nor found twice.
 */
async function idsBelow(redis: Redis, indexes: string[], limit: number, below: string | undefined): Promise<string[]> {
  const from = below === undefined ? '+' : `(${below}`;
  const reading = redis.multi();
  for (const key of indexes) reading.zrevrangebylex(key, from, '-', 'LIMIT', 0, limit);
  const found = (await reading.exec())?.flatMap(([error, ids]) => {
    if (error) throw error;
    return z.array(z.string()).parse(ids);
  });
  return (found ?? []).sort().reverse().slice(0, limit);
}
