import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient, DemoJob } from './api-client.js';
import { progressBar } from './progress-bar.js';
import { sampleText } from './training-view.js';

const PROMPTS = Array.from({ length: 200 }, (_, index) => `CHAPTER ${index + 1}. `);
const SAMPLES = 5;
const MAX_NEW_TOKENS = 2000;
const SHOWN_LINES = 2;
const SHOWN_CHARACTERS = 100;
const POLL_MS = 100;

const progress = z.object({ done: z.number(), total: z.number(), tokensPerSecond: z.number() });

/** Does many prompts as one job, and shows how far it is and how its text begins. */
export async function showBatch(api: ApiClient, model: string, say: (line: string) => void): Promise<void> {
  const request = { model, prompts: PROMPTS, samples: SAMPLES, maxNewTokens: MAX_NEW_TOKENS, seed: 1 };
  const job = await api.enqueue('generate', request);
  say(`\nA batch of ${PROMPTS.length} prompts × ${SAMPLES} samples × ${MAX_NEW_TOKENS} characters: ${job.id}\n`);
  await showProgress(api, job);
  await api.finished(job.id);
  for (const { prompt, sampleIndex, text, error } of await api.output(job.id, SHOWN_LINES)) {
    const start = error?.message ?? `${prompt}${text?.slice(0, SHOWN_CHARACTERS)}…`;
    say(sampleText(`${JSON.stringify(prompt)}, sample ${sampleIndex + 1}:`, start));
  }
}

async function showProgress(api: ApiClient, { id }: DemoJob): Promise<void> {
  const bar = progressBar('  {bar} {value}/{total} texts  {speed} tokens/s');
  bar.start(PROMPTS.length * SAMPLES, 0, { speed: '–' });
  for (;;) {
    const job = await api.job(id);
    const { data } = progress.safeParse(job.progress);
    if (data) bar.update(data.done, { speed: `${(data.tokensPerSecond / 1e6).toFixed(2)} M` });
    if (!['queued', 'running'].includes(job.state)) break;
    await wait(POLL_MS);
  }
  bar.stop();
}
