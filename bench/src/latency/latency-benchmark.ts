import { GlyphmillClient } from '@glyphmill/client';
import { type Figure, median } from '../figure.js';
import { latencies } from '../latencies.js';

const REQUESTS = 1000;

/**
 * How long `GET /api/jobs/:id` takes while a worker on the same machine trains, beside the same request while none does.
 * Needs a stack that runs and is idle (`npm start`).
 */
export async function latencyBenchmark({ url }: { url: string }, say: (line: string) => void): Promise<Figure[]> {
  const { jobs } = new GlyphmillClient({ url });
  const get = (id: string) => jobs.get(id);

  const training = await jobs.train({
    dataset: 'moby-dick',
    model: { kind: 'bigram' },
    training: { maxSteps: 10_000_000, sampleInterval: 0 },
  });
  try {
    while ((await get(training.id)).state === 'queued') await new Promise((resolve) => setTimeout(resolve, 100));
    const busy = await latencies(REQUESTS, () => get(training.id));
    const { state } = await get(training.id);
    if (state !== 'running') throw new Error(`the training is ${state}; it should have run all the time`);
    say(`measured ${REQUESTS} requests while ${training.id} ran`);
    await jobs.cancel(training.id);
    const idle = await latencies(REQUESTS, () => get(training.id));
    const figure = (name: string, at: number): Figure => ({
      figure: `GET /api/jobs/:id while training (peer: while idle), ${name}`,
      threads: 1,
      batch: 1,
      unit: 'ms',
      ours: busy[at]!,
      peer: idle[at]!,
      ratio: idle[at]! / busy[at]!,
    });
    say(`medians: ${median(busy).toFixed(2)} ms while training, ${median(idle).toFixed(2)} ms while idle`);
    return [figure('median', Math.floor(REQUESTS * 0.5)), figure('99th percentile', Math.floor(REQUESTS * 0.99))];
  } finally {
    await jobs.cancel(training.id).catch(() => undefined);
  }
}
