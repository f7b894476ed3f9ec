import { setTimeout as wait } from 'node:timers/promises';
import type { GlyphmillClient } from '@glyphmill/client';
import { isFinal } from '@glyphmill/contract';
import { progressBar } from './progress-bar.js';
import { sampleText } from './training-view.js';

const PROMPTS = Array.from({ length: 200 }, (_, index) => `CHAPTER ${index + 1}. `);
const SAMPLES = 5;
const MAX_NEW_TOKENS = 2000;
const SHOWN_LINES = 2;
const SHOWN_CHARACTERS = 100;
const POLL_MS = 100;

/** Does many prompts as one job, and shows how far it is and how its text begins. */
export async function showBatch(api: GlyphmillClient, model: string, say: (line: string) => void): Promise<void> {
  const request = { model, prompts: PROMPTS, samples: SAMPLES, maxNewTokens: MAX_NEW_TOKENS, seed: 1 };
  const job = await api.jobs.generate(request);
  say(`\nA batch of ${PROMPTS.length} prompts × ${SAMPLES} samples × ${MAX_NEW_TOKENS} characters: ${job.id}\n`);
  await showProgress(api, job.id);
  await api.jobs.succeeded(job.id);
  let shown = 0;
  for await (const line of api.jobs.output(job.id)) {
    const start = 'error' in line ? line.error.message : `${line.prompt}${line.text.slice(0, SHOWN_CHARACTERS)}…`;
    say(sampleText(`${JSON.stringify(line.prompt)}, sample ${line.sampleIndex + 1}:`, start));
    shown += 1;
    if (shown === SHOWN_LINES) break;
  }
}

async function showProgress(api: GlyphmillClient, id: string): Promise<void> {
  const bar = progressBar('  {bar} {value}/{total} texts  {speed} tokens/s');
  bar.start(PROMPTS.length * SAMPLES, 0, { speed: '–' });
  for (;;) {
    const job = await api.jobs.get(id);
    if (job.kind === 'generate' && job.progress) {
      const { done, tokensPerSecond } = job.progress;
      bar.update(done, { speed: `${(tokensPerSecond / 1e6).toFixed(2)} M` });
    }
    if (isFinal(job.state)) break;
    await wait(POLL_MS);
  }
  bar.stop();
}
