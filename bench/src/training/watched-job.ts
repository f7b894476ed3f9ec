import { readFileSync } from 'node:fs';
import type { GlyphmillClient } from '@glyphmill/client';
import type { TrainingOrder, TrainingReport } from '../training-report.js';

/** Uploads a text; returns its id. */
export async function uploadText(client: GlyphmillClient, textFile: string): Promise<string> {
  return (await client.datasets.upload(readFileSync(textFile, 'utf8'), { name: 'benchmark' })).id;
}

/**
 * Trains over HTTP and reads the job's events as a dashboard does, up to the evaluation at `stopAfter`, when it cancels
 * the job and waits for its end. Returns the evaluations with the times at which they arrived.
 */
export async function watchTraining(
  client: GlyphmillClient,
  dataset: string,
  { model, training, stopAfter }: Pick<TrainingOrder, 'model' | 'training'> & { stopAfter: number },
): Promise<TrainingReport['metrics']> {
  const { id } = await client.jobs.train({ dataset, model, training });
  const metrics: TrainingReport['metrics'] = [];
  const said: unknown[] = [];
  for await (const event of client.jobs.events(id)) {
    said.push(event);
    if (event.type !== 'metric' || event.whole) continue;
    const { step, validationLoss, tokensPerSecond } = event;
    if (validationLoss === undefined || tokensPerSecond === undefined) continue;
    const atMs = performance.timeOrigin + performance.now();
    metrics.push({ atMs, step, validationLoss, tokensPerSecond });
    if (step === stopAfter) await client.jobs.cancel(id);
  }
  if (metrics.at(-1)?.step !== stopAfter) {
    throw new Error(`${id} ended before step ${stopAfter}: ${JSON.stringify(said.slice(-3))}`);
  }
  return metrics;
}
