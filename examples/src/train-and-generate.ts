/** `train-and-generate.ts TEXT_FILE`: uploads a text, trains a small GPT on it, prints the loss, and generates. */
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import { GlyphmillClient } from '@glyphmill/client';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: train-and-generate.ts TEXT_FILE');
const glyphmill = new GlyphmillClient({ url: process.env['GLYPHMILL_URL'] ?? 'http://127.0.0.1:3000' });

const dataset = await glyphmill.datasets.upload(await openAsBlob(file), { name: basename(file) });
console.log(`${dataset.id}: ${dataset.characters} characters, ${dataset.vocabularySize} distinct`);

const training = await glyphmill.jobs.train({
  dataset: dataset.id,
  model: { kind: 'gpt', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 32 },
  training: { maxSteps: 500, evalInterval: 100 },
});
// A broken connection is replaced; no event is missed or seen twice.
for await (const event of glyphmill.jobs.events(training.id)) {
  if (event.type === 'metric') console.log(`step ${event.step}: validation loss ${event.validationLoss?.toFixed(3)}`);
}

const trained = await glyphmill.jobs.get(training.id);
if (trained.kind !== 'train' || trained.state !== 'succeeded' || !trained.result) {
  throw new Error(`${trained.id} is ${trained.state}: ${trained.error?.message}`);
}
const { model } = trained.result;
console.log(`published ${model}`);

// The prompt has to consist of characters of the text, so take one of them.
const [prompt = ''] = await (await openAsBlob(file)).slice(0, 4).text();
const generating = await glyphmill.jobs.generate({ model, prompts: [prompt], maxNewTokens: 100, seed: 1 });
await glyphmill.jobs.succeeded(generating.id);
for await (const line of glyphmill.jobs.output(generating.id)) {
  console.log('error' in line ? line.error.message : line.prompt + line.text);
}
