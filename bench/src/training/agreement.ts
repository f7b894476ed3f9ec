import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchSampler, CharacterTokenizer, splitTokens } from '@glyphmill/data';
import { glyphmill, pyTorch } from '../contestant.js';
import type { Section } from '../section.js';
import { NANO_GPT, type TrainingSetup } from './training-setup.js';

const THREADS = 1;

/** How far two sides that compute the same may be apart, in nats per token. */
const ALLOWED = 1e-3;

/** Whether both sides compute the same: from the same weights on the same batches, the loss of each step. */
export async function agreement({ textFile, python, extent, folder, say }: TrainingSetup): Promise<Section> {
  const { agreementSteps } = extent;
  const startFolder = join(folder, 'start');
  await writeStart(textFile, startFolder);
  const batchesFile = join(folder, 'batches.bin');
  writeBatches(textFile, batchesFile, agreementSteps);

  const order = { ...NANO_GPT, textFile, startFolder, stopAfter: agreementSteps };
  const ours = await glyphmill().train(order, THREADS);
  const peer = await pyTorch({ python, batchesFile }).train(order, THREADS);
  const differences = ours.steps.map(({ loss }, index) => Math.abs(loss - peer.steps[index]!.loss));
  const largest = Math.max(...differences);
  say(`agreement: over ${agreementSteps} steps the losses are at most ${largest.toExponential(2)} apart`);
  const last = [ours, peer].map(({ steps }) => steps.at(-1)!.loss.toFixed(6));
  return {
    title: 'The same numbers',
    about:
      `Both sides start from the same weights and take the same ${agreementSteps} batches. The loss of the first batch is ` +
      `${ours.steps[0]!.loss.toFixed(6)} here and ${peer.steps[0]!.loss.toFixed(6)} there, that of the last ${last[0]} and ` +
      `${last[1]}. The figure is the largest difference between the losses of one step, beside what is allowed.`,
    figures: [
      {
        figure: `largest difference of loss in ${agreementSteps} steps, beside the allowed`,
        threads: THREADS,
        batch: NANO_GPT.training.batchSize,
        unit: 'nats/token',
        ours: largest,
        peer: ALLOWED,
        // Equal to the last bit would be a ratio that no JSON holds.
        ratio: ALLOWED / Math.max(largest, Number.EPSILON),
      },
    ],
  };
}

/** Writes weights to start from into a folder, which it makes. */
export async function writeStart(textFile: string, endFolder: string): Promise<void> {
  mkdirSync(endFolder);
  const characters = [...new Set(readFileSync(textFile, 'utf8'))].join('');
  const shortText = join(endFolder, 'characters.txt');
  writeFileSync(shortText, characters.repeat(100));
  // A rate this small leaves every number as the seed drew it. The vocabulary is that of the whole text.
  const training = { ...NANO_GPT.training, maxSteps: 1, schedule: 'constant' as const, learningRate: 1e-30 };
  await glyphmill().train({ model: NANO_GPT.model, training, textFile: shortText, endFolder }, THREADS);
}

/** Writes the batches that `train()` will take: int32 [steps, 2, batch, block], inputs and targets. */
function writeBatches(textFile: string, file: string, steps: number): void {
  const { batchSize, seed, validationFraction } = NANO_GPT.training;
  const text = readFileSync(textFile, 'utf8');
  const tokens = CharacterTokenizer.fromText(text).encode(text);
  const { train } = splitTokens(tokens, validationFraction);
  const sampler = new BatchSampler(train, { batchSize, blockSize: NANO_GPT.model.blockSize, seed });
  const arrays = Array.from({ length: steps }, () => sampler.next()).flatMap(({ inputs, targets }) => [
    inputs,
    targets,
  ]);
  writeFileSync(file, Buffer.concat(arrays.map(({ buffer }) => Buffer.from(buffer))));
}
