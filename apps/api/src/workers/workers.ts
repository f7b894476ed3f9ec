import { workerInfo } from '@glyphmill/jobs';
import { z } from 'zod';
import { pageOf } from '../paging/page.js';

export const workerPage = pageOf(workerInfo);

/** How many jobs of one kind are where. */
const queueCounts = z.object({
  waiting: z.int(),
  running: z.int(),
  paused: z.int(),
  oldestWaitSeconds: z
    .number()
    .nullable()
    .describe('How long the oldest waiting job has waited; null where none waits.'),
});

export const queues = z.object({ train: queueCounts, generate: queueCounts });
export type Queues = z.output<typeof queues>;
