import { initFrom, recordedTrainRequest, trainProgress, trainResult } from '@glyphmill/contract';
import { z } from 'zod';
import { deliveryId } from '../deliveries/delivery-queue.js';
import { ancestorsOf } from '../records/checkpoint-pointer.js';
import { parseRecord } from '../records/job-record.js';
import { claim } from '../scripts/claim.js';
import { release } from '../scripts/release.js';
import { report } from '../scripts/report.js';
import { settle } from '../scripts/settle.js';
import type { Kind } from './kind.js';

const needs = z.object({ dataset: z.string(), initFrom: initFrom.optional() });

/** A training run is one piece: one delivery at a time, held by one worker. */
export const trainKind: Kind<'train'> = {
  lanes: ['train'],

  laneOf() {
    return 'train';
  },

  artifactsOf(request) {
    const { dataset, initFrom: initial } = needs.parse(request);
    return [
      { kind: 'dataset', id: dataset, field: 'dataset' },
      ...(initial ? [{ kind: 'model', id: initial.model, field: 'initFrom' } as const] : []),
    ];
  },

  /** Those that hand another job's checkpoints to it. */
  ownFields({ checkpoints = [] }) {
    const newest = checkpoints[0];
    if (!newest) return {};
    const heirOf = JSON.stringify(ancestorsOf(checkpoints));
    return { checkpoints: JSON.stringify(checkpoints), furthestStep: newest.step, heirOf };
  },

  view({ request, progress = null, result = null }) {
    return {
      kind: 'train',
      request: recordedTrainRequest.parse(request),
      progress: trainProgress.nullable().parse(progress),
      result: trainResult.nullable().parse(result),
    };
  },

  async openDeliveries(_jobs, { delivery, state }) {
    return [{ number: delivery, isClaimed: state === 'running' }];
  },

  async release({ redis, keys, queue }, record, { number }, why) {
    const { id, lane } = record;
    const answer = await release.run(redis, {
      keys: {
        record: keys.job(id),
        due: keys.due(),
        knownDelivery: queue.deliveryKey(lane, deliveryId(id, number)),
        ...queue.laneKeys(),
      },
      args: { id, delivery: number, why },
      moreArgs: queue.delivery(record, number + 1),
    });
    return answer === 1;
  },

  async claim({ redis, keys, queue }, id, { lane, delivery, token, worker, lock = '' }) {
    if ((await redis.hget(keys.job(id), 'kind')) !== 'train') return undefined;
    const answer = await claim.run(redis, {
      keys: {
        ...keys.moving('train', id),
        due: keys.due(),
        lock: queue.lockKey(lane, deliveryId(id, delivery)),
      },
      args: { id, delivery, token, worker, lockValue: lock },
    });
    if (!Array.isArray(answer)) return undefined;
    const hash: Record<string, string> = {};
    for (let i = 0; i + 1 < answer.length; i += 2) hash[String(answer[i])] = String(answer[i + 1]);
    const { spent, createdAt, request, checkpoints = [] } = parseRecord(hash);
    return {
      id,
      kind: 'train',
      attempts: spent,
      createdAtMs: createdAt,
      request: recordedTrainRequest.parse(request),
      checkpoints,
    };
  },

  async report({ redis, keys }, { id }, token, { sequence, progress, events }) {
    return await report.run(redis, {
      keys: { record: keys.job(id), events: keys.events(id) },
      args: { token, sequence, progress },
      moreArgs: events,
    });
  },

  async settle({ redis, keys }, { id }, token, outcome) {
    const error = outcome.state === 'failed' ? outcome.error : undefined;
    const result = outcome.state === 'succeeded' ? outcome.result : undefined;
    return await settle.run(redis, {
      keys: { ...keys.moving('train', id), due: keys.due() },
      moreKeys: result ? [keys.withModel(result.model)] : [],
      args: {
        id,
        token,
        outcome: error?.retryable ? 'retry' : outcome.state,
        value: JSON.stringify(error ?? result ?? {}),
        random: Math.random(),
      },
    });
  },
};
