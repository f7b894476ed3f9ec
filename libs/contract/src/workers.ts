import { z } from 'zod';
import { jobKind } from './job.js';
import { pageOf } from './page.js';

/** What a worker says of itself. */
export const workerInfo = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.int(),
  device: z.string().describe('What its engines compute on: `cpu`, or `cuda:N`.'),
  roles: z.array(jobKind),
  libraries: z.record(z.string(), z.string()).describe('Versions of the native libraries its engines loaded.'),
  state: z.enum(['idle', 'busy', 'draining']),
  jobs: z.array(z.string()),
  tokensPerSecond: z.number(),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
});
export type WorkerInfo = z.output<typeof workerInfo>;

export const workerPage = pageOf(workerInfo);

/** How many jobs of one kind are where. */
const queueCounts = z.object({
  waiting: z.int(),
  running: z.int(),
  paused: z.int(),
  oldestWaitSeconds: z.number().nullable().describe('How long the oldest waiting job has waited; null if none waits.'),
});

export const queues = z.object({ train: queueCounts, generate: queueCounts });
export type Queues = z.output<typeof queues>;
