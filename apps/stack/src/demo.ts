import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GlyphmillClient } from '@glyphmill/client';
import { showBatch } from './demo/batch-view.js';
import { showStream } from './demo/stream-view.js';
import { sampleText, TrainingView } from './demo/training-view.js';
import { listenForInterruption } from './interruption.js';
import { startStack, type Stack } from './stack.js';

/** `npm run demo`: the whole road on a free port, over HTTP, with nothing left behind; `--keep` leaves it running. */
const STEPS = 10_000;
const PROMPTS = ['Call me ', 'The whale ', 'Ahab'];

const keep = process.argv.includes('--keep');
const dataFolder = mkdtempSync(join(tmpdir(), 'glyphmill-demo-'));
const logFile = join(dataFolder, 'services.log');
const say = (line: string) => process.stdout.write(`${line}\n`);

const interruption = listenForInterruption();

let stack: Stack | undefined;
let failure: Error | undefined;
try {
  const log = createWriteStream(logFile);
  say('Glyphmill: text in, a trained model, text out.\n');
  const config = { host: '127.0.0.1', port: 0, redisUrl: undefined, dataFolder, workers: 1, shutdownGraceMs: 30_000 };
  stack = await startStack(config, process.env, {
    onStarted: (what) => say(`  ${what}`),
    onOutput: (text) => log.write(text),
    interruption,
  });
  await Promise.race([demonstrate(stack.url), stack.untilBroken()]);
  if (keep) {
    say(`\nStill running at ${stack.url} (reference: ${stack.url}/docs), data in ${dataFolder}; Ctrl-C stops it.`);
    await stack.untilBroken();
  }
} catch (error) {
  failure = error instanceof Error ? error : new Error(String(error));
}
await stack?.stop();
if (failure === undefined || interruption.aborted) {
  rmSync(dataFolder, { recursive: true, force: true });
  say('\nEverything is stopped. `npm start` runs the same stack until Ctrl-C; README.md tells the rest.');
} else {
  process.stderr.write(`\nThe demo failed: ${failure.message}\n`);
  process.stderr.write(`What the services said is in ${logFile}\n`);
}
process.exit(failure === undefined || interruption.aborted ? 0 : 1);

async function demonstrate(url: string): Promise<void> {
  const api = new GlyphmillClient({ url });
  const training = await api.jobs.train({
    dataset: 'moby-dick',
    name: 'whale',
    model: { kind: 'bigram' },
    training: { maxSteps: STEPS, evalInterval: 250, sampleInterval: 0 },
  });
  say(`\nTraining a bigram model on Moby Dick: ${training.id}`);
  const view = new TrainingView(STEPS, say);
  for await (const event of api.jobs.events(training.id)) view.show(event);
  view.end();
  const trained = await api.jobs.succeeded(training.id);
  if (trained.kind !== 'train' || !trained.result) throw new Error(`${trained.id} has no result`);
  const { model, trainLoss, validationLoss } = trained.result;
  say(`  Published ${model}: train loss ${trainLoss.toFixed(4)}, validation loss ${validationLoss.toFixed(4)}`);

  const request = { model, prompts: PROMPTS, samples: 2, maxNewTokens: 120, temperature: 0.8, seed: 42 };
  const generating = await api.jobs.generate(request);
  say(`\nGenerating ${PROMPTS.length} prompts × 2 samples: ${generating.id}`);
  await api.jobs.succeeded(generating.id);
  for await (const line of api.jobs.output(generating.id)) {
    const text = 'error' in line ? line.error.message : `${line.prompt}${line.text}`;
    say(sampleText(`${JSON.stringify(line.prompt)}, sample ${line.sampleIndex + 1}:`, text));
  }

  await showStream(api, model, (text) => process.stdout.write(text));
  await showBatch(api, model, say);

  const files = `${url}/api/models/${model}/files`;
  say(`The model   ${url}/api/models/${model}\nIts ONNX    ${files}/onnx/model.onnx\nReference   ${url}/docs\n`);
  say('The same by hand, with `npm start` in another terminal:\n');
  const post = (path: string, body: object) =>
    `  curl -s localhost:3000${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  say(post('/api/jobs/train', { dataset: 'moby-dick', model: { kind: 'bigram' } }));
  say(post('/api/jobs/generate', { model: 'MODEL_ID', prompts: ['Call me '], maxNewTokens: 120 }));
  say('  curl -s localhost:3000/api/jobs/JOB_ID/output');
  say(post('/api/jobs/generate', { model: 'MODEL_ID', prompts: ['Call me '], stream: true }));
  say('  curl -sN localhost:3000/api/jobs/JOB_ID/events');
}
