import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { cancelJob, createdId, jobEvents, postJson } from '../stack-client.js';
import type { TrainingOrder, TrainingReport } from '../training-report.js';

const metric = z.object({
  type: z.literal('metric'),
  step: z.int(),
  validationLoss: z.number(),
  tokensPerSecond: z.number(),
  whole: z.boolean(),
});

/** Uploads a text; gives its id. */
export async function uploadText(url: string, textFile: string): Promise<string> {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const body = readFileSync(textFile);
  return createdId(await fetch(`${url}/api/datasets?name=benchmark`, { method: 'POST', headers, body }));
}

/**
 * Trains over HTTP and reads the job's events as a dashboard does, up to the evaluation at `stopAfter`, when it cancels
 * the job and waits for its end. Gives the evaluations with the times at which they arrived.
 */
export async function watchTraining(
  url: string,
  dataset: string,
  { model, training, stopAfter }: Pick<TrainingOrder, 'model' | 'training'> & { stopAfter: number },
): Promise<TrainingReport['metrics']> {
  const id = await postJson(`${url}/api/jobs/train`, { dataset, model, training });
  const metrics: TrainingReport['metrics'] = [];
  const said: unknown[] = [];
  for await (const each of jobEvents(url, id)) {
    said.push(each);
    const { data } = metric.safeParse(each);
    if (data === undefined || data.whole) continue;
    metrics.push({ atMs: performance.timeOrigin + performance.now(), ...data });
    if (data.step === stopAfter) await cancelJob(url, id);
  }
  if (metrics.at(-1)?.step !== stopAfter) {
    throw new Error(`${id} ended before step ${stopAfter}: ${JSON.stringify(said.slice(-3))}`);
  }
  return metrics;
}
