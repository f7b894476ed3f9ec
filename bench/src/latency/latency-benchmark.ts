import { z } from 'zod';
import { type Figure, median } from '../figure.js';
import { latencies } from '../latencies.js';

const REQUESTS = 1000;

const job = z.object({ id: z.string(), state: z.string() });

/**
 * How long `GET /api/jobs/:id` takes while a worker on the same machine trains, beside the same request while none does.
 * Needs a stack that runs and is idle (`npm start`).
 */
export async function latencyBenchmark({ url }: { url: string }, say: (line: string) => void): Promise<Figure[]> {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return job.parse(await response.json());
  };
  const get = async (id: string) => job.parse(await (await fetch(`${url}/api/jobs/${id}`)).json());

  const training = await post('/api/jobs/train', {
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
    await post(`/api/jobs/${training.id}/cancel`, {});
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
    await fetch(`${url}/api/jobs/${training.id}/cancel`, { method: 'POST' });
  }
}
