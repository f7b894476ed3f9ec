import { generateFields, generateProgress, generateResult } from '@glyphmill/contract';
import { z } from 'zod';
import { deliveryId } from '../deliveries/delivery-queue.js';
import type { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import { readSummary } from '../records/job-record.js';
import { generateLane } from '../records/lane.js';
import { parseEntry, readOpenShards, type ShardResult } from '../records/shard-entry.js';
import { planShards, promptsOfShard } from '../records/shard-plan.js';
import { claimShard } from '../scripts/claim-shard.js';
import { commitShard } from '../scripts/commit-shard.js';
import { releaseShard } from '../scripts/release.js';
import { reportShard } from '../scripts/report-shard.js';
import { returnShard } from '../scripts/return-shard.js';
import type { ClaimedShard } from './claimed-job.js';
import type { Kind } from './kind.js';

const needs = z.object({ model: z.string(), promptsDataset: z.string().optional() });

/**
 * A generate job is cut into shards, each claimed, reported and ended under a lease token of its own. The job has one
 * record; a shard has an entry in the record's table of open shards from the moment its ticket is added until its commit.
 */
export const generateKind: Kind<'generate'> = {
  lanes: ['generate', 'generate-now'],

  laneOf({ request, promptCount }) {
    return generateLane({ ...request, promptCount });
  },

  artifactsOf(request) {
    const { model, promptsDataset } = needs.parse(request);
    return [
      { kind: 'model', id: model, field: 'model' },
      ...(promptsDataset === undefined
        ? []
        : [{ kind: 'dataset', id: promptsDataset, field: 'promptsDataset' } as const]),
    ];
  },

  /** A job starts about twice as wide as there are workers. */
  ownFields({ request, promptCount }, workers) {
    const { shards, promptsPerShard } = planShards({ ...request, promptCount });
    const open = Math.min(shards, Math.max(2, 2 * workers));
    return {
      model: request.model,
      promptCount,
      promptsPerShard,
      shards,
      reserved: open,
      width: open,
      total: promptCount * request.samples,
      done: 0,
      failed: 0,
      tokens: 0,
    };
  },

  view({ request, prompts, progress = null, result = null }) {
    return {
      kind: 'generate',
      request: { ...generateFields.parse(request), ...(prompts && { prompts }) },
      progress: generateProgress.nullable().parse(progress),
      result: generateResult.nullable().parse(result),
    };
  },

  async openDeliveries({ redis, keys }, { id }) {
    const open = await readOpenShards(redis, keys.openShards(id));
    return open.map(([shard, { delivery, token }]) => ({ number: delivery, shard, isClaimed: token !== undefined }));
  },

  async release({ redis, keys, queue }, record, { number, shard = 0 }, why) {
    const { id, lane } = record;
    const answer = await releaseShard.run(redis, {
      keys: {
        record: keys.job(id),
        due: keys.due(),
        knownDelivery: queue.deliveryKey(lane, deliveryId(id, number, shard)),
        openShards: keys.openShards(id),
        ...queue.laneKeys(),
      },
      args: { id, shard, delivery: number, why },
      moreArgs: queue.delivery(record, number + 1, shard),
    });
    return answer === 1;
  },

  async claim({ redis, keys, queue }, id, { lane, delivery, shard = 0, token, worker, lock = '' }) {
    const answer = await claimShard.run(redis, {
      keys: {
        ...keys.moving('generate', id),
        openShards: keys.openShards(id),
        workers: keys.workers(),
        lock: queue.lockKey(lane, deliveryId(id, delivery, shard)),
      },
      args: { id, shard, delivery, token, worker, lockValue: lock },
    });
    if (typeof answer !== 'string') return undefined;
    const record = await readSummary(redis, keys.job(id));
    if (!record) return undefined;
    const { spent, from = 0, to = 0 } = parseEntry(answer);
    return {
      id,
      kind: 'generate',
      attempts: spent,
      createdAtMs: record.createdAt,
      request: generateFields.omit({ prompts: true }).parse(record.request),
      shard,
      prompts: promptsOfShard(record, shard),
      lane: record.lane,
      priority: record.priority,
      opens: Array.from({ length: to - from }, (_, index) => from + index),
    };
  },

  async report({ redis, keys }, { id, shard }, token, { sequence, progress, events }) {
    return await reportShard.run(redis, {
      keys: { record: keys.job(id), events: keys.events(id), openShards: keys.openShards(id) },
      args: { shard, token, sequence, progress },
      moreArgs: events,
    });
  },

  async settle(jobs, job, token, outcome) {
    if (outcome.state === 'succeeded') return await commit(jobs, job, token, outcome.result);
    const { redis, keys } = jobs;
    const { id, shard } = job;
    const error = outcome.state === 'failed' ? outcome.error : undefined;
    return await returnShard.run(redis, {
      keys: { ...keys.moving('generate', id), openShards: keys.openShards(id), due: keys.due() },
      args: {
        id,
        shard,
        token,
        outcome: error?.retryable ? 'retry' : outcome.state,
        error: JSON.stringify(error ?? {}),
        random: Math.random(),
      },
    });
  },
};

/** Commits a shard whose output is written, with the tickets of the shards that it opens. */
async function commit(
  { redis, keys, queue }: JobsInRedis,
  job: ClaimedShard,
  token: string,
  { done, failed, tokens, ranOn }: ShardResult,
): Promise<unknown> {
  const { id, shard, opens } = job;
  return await commitShard.run(redis, {
    keys: {
      ...keys.moving('generate', id),
      openShards: keys.openShards(id),
      committedShards: keys.committedShards(id),
      ...queue.laneKeys(),
    },
    args: {
      id,
      shard,
      token,
      done,
      failed,
      tokens,
      output: `/api/jobs/${id}/output`,
      runtime: ranOn ? JSON.stringify(ranOn) : '',
    },
    moreArgs: opens.flatMap((opened) => queue.delivery(job, 1, opened)),
  });
}
