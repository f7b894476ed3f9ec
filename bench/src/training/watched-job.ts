import { readFileSync } from 'node:fs';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import type { TrainingOrder, TrainingReport } from '../training-report.js';

const created = z.object({ id: z.string() });
const event = z.looseObject({ type: z.string() });
const metric = z.object({
  type: z.literal('metric'),
  step: z.int(),
  validationLoss: z.number(),
  tokensPerSecond: z.number(),
  whole: z.boolean(),
});

/** Uploads a text; gives its id. */
export async function uploadText(url: string, textFile: string): Promise<string> {
  const response = await fetch(`${url}/api/datasets?name=benchmark`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: readFileSync(textFile),
  });
  return created.parse(await answer(response)).id;
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
  const response = await fetch(`${url}/api/jobs/train`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dataset, model, training }),
  });
  const { id } = created.parse(await answer(response));
  const metrics: TrainingReport['metrics'] = [];
  const said: unknown[] = [];
  for await (const each of events(url, id)) {
    said.push(each);
    const { data } = metric.safeParse(each);
    if (data === undefined || data.whole) continue;
    metrics.push({ atMs: performance.timeOrigin + performance.now(), ...data });
    if (data.step === stopAfter) await answer(await fetch(`${url}/api/jobs/${id}/cancel`, { method: 'POST' }));
  }
  if (metrics.at(-1)?.step !== stopAfter) {
    throw new Error(`${id} ended before step ${stopAfter}: ${JSON.stringify(said.slice(-3))}`);
  }
  return metrics;
}

async function* events(url: string, id: string): AsyncGenerator<z.output<typeof event>> {
  const response = await fetch(`${url}/api/jobs/${id}/events`);
  if (!response.ok || !response.body) throw new Error(`the api answered ${response.status}: ${await response.text()}`);
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages) if (data) yield event.parse(JSON.parse(data));
}

async function answer(response: Response): Promise<unknown> {
  const body = await response.text();
  if (!response.ok) throw new Error(`the api answered ${response.status}: ${body}`);
  return JSON.parse(body);
}
