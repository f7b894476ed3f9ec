import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './demo/api-client.js';
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
  await Promise.race([demonstrate(new ApiClient(stack.url)), stack.untilBroken()]);
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

async function demonstrate(api: ApiClient): Promise<void> {
  const training = await api.enqueue('train', {
    dataset: 'moby-dick',
    name: 'whale',
    model: { kind: 'bigram' },
    training: { maxSteps: STEPS, evalInterval: 250, sampleInterval: 0 },
  });
  say(`\nTraining a bigram model on Moby Dick: ${training.id}`);
  const view = new TrainingView(STEPS, say);
  for await (const event of api.events(training.id)) view.show(event);
  view.end();
  const trained = await api.finished(training.id);
  const model = String(trained.result?.['model']);
  say(
    `  Published ${model}: train loss ${loss(trained, 'trainLoss')}, validation loss ${loss(trained, 'validationLoss')}`,
  );

  const request = { model, prompts: PROMPTS, samples: 2, maxNewTokens: 120, temperature: 0.8, seed: 42 };
  const generating = await api.enqueue('generate', request);
  say(`\nGenerating ${PROMPTS.length} prompts × 2 samples: ${generating.id}`);
  for await (const _ of api.events(generating.id));
  await api.finished(generating.id);
  for (const { prompt, sampleIndex, text, error } of await api.output(generating.id)) {
    say(sampleText(`${JSON.stringify(prompt)}, sample ${sampleIndex + 1}:`, error?.message ?? `${prompt}${text}`));
  }

  await showStream(api, model, (text) => process.stdout.write(text));
  await showBatch(api, model, say);

  const files = `${api.url}/api/models/${model}/files`;
  say(
    `The model   ${api.url}/api/models/${model}\nIts ONNX    ${files}/onnx/model.onnx\nReference   ${api.url}/docs\n`,
  );
  say('The same by hand, with `npm start` in another terminal:\n');
  const post = (path: string, body: object) =>
    `  curl -s localhost:3000${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  say(post('/api/jobs/train', { dataset: 'moby-dick', model: { kind: 'bigram' } }));
  say(post('/api/jobs/generate', { model: 'MODEL_ID', prompts: ['Call me '], maxNewTokens: 120 }));
  say('  curl -s localhost:3000/api/jobs/JOB_ID/output');
  say(post('/api/jobs/generate', { model: 'MODEL_ID', prompts: ['Call me '], stream: true }));
  say('  curl -sN localhost:3000/api/jobs/JOB_ID/events');
}

function loss(job: { result: Record<string, unknown> | null }, name: string): string {
  return Number(job.result?.[name]).toFixed(4);
}
