import { pathToFileURL } from 'node:url';
import { Catalog } from '@glyphmill/catalog';
import { connectRedis } from '@glyphmill/jobs';
import { WorkedBoard } from '@glyphmill/jobs/testing';
import { type Checkpoint, writeCheckpoint } from '@glyphmill/model/training';
import { completeTrainingConfig } from '@glyphmill/model/config';
import { openStorage } from '@glyphmill/storage';
import { Lease } from '../lease.js';
import { CheckpointKeeper } from './checkpoint-keeper.js';
import type { TrainingCommand } from './training-protocol.js';

/**
 * A worker and its engines in a process of its own, which claims some jobs, keeps one checkpoint after another of each,
 * going on from the newest that there is, says of each that it is kept, and is killed.
 */
const [redisUrl = '', folder = '', token = '', ...ids] = process.argv.slice(2);
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const store = new WorkedBoard({ redis: connectRedis(redisUrl, 'worker', () => undefined) });
const storage = await openStorage(pathToFileURL(folder));

const VALUES = 50_000;

/** A checkpoint after so many steps, whose every number is that step. */
function checkpointOf(step: number): Checkpoint {
  const arrays = new Map([['table', { shape: [VALUES], values: new Float32Array(VALUES).fill(step) }]]);
  return {
    step,
    tokensSeen: 0,
    sampler: { seed: 1, stream: [], drawn: 0 },
    trainLoss: 2.5,
    gradientNorm: null,
    evaluatedAt: null,
    sampledAt: null,
    best: null,
    staleEvaluations: 0,
    metrics: [],
    samples: [],
    model: { kind: 'bigram', blockSize: 8 },
    training: completeTrainingConfig('bigram', {}),
    vocabulary: ['a', 'b'],
    textSha256: 'ab'.repeat(32),
    fingerprint: {},
    learner: { weights: arrays, firstMoments: arrays, secondMoments: arrays },
    bestWeights: undefined,
  };
}

async function keepCheckpoints(id: string): Promise<void> {
  const hold = await store.hold(id, { delivery: 1, token, worker: token });
  if (!hold) throw new Error(`${id} is not to be had`);
  const lease = new Lease(hold, new AbortController().signal);
  let step = hold.job.checkpoints[0]?.step ?? 0;
  const engine = {
    send: (command: TrainingCommand) => {
      if (command.type !== 'checkpoint') return;
      void writeCheckpoint(checkpointOf(step), command.folder).then(() => keeper.written(step));
    },
  };
  const catalog = new Catalog(storage);
  const keeper: CheckpointKeeper = new CheckpointKeeper({ storage, catalog, lease, engine, intervalSeconds: 0 });
  keeper.reached(step);
  for (;;) {
    step += 1;
    keeper.reached(step);
    await keeper.save();
    process.send?.('kept');
  }
}

await Promise.all(ids.map(keepCheckpoints));
