import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CharacterTokenizer } from '@glyphmill/data';
import { glyphmill } from '../contestant.js';
import { engineEnvironment } from '../engine-environment.js';
import { type Figure, median } from '../figure.js';
import { measuredProcess } from '../measured-process.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { stepMs } from '../training-report.js';
import { writeStart } from './agreement.js';
import { gptProducts, stepFlops } from './gpt-products.js';
import { partTimes, type PartTimes } from './part-times.js';
import { NANO_GPT, type TrainingSetup } from './training-setup.js';

/** Of what a step's time is made: the parts that can be run alone, and the rest. */
export async function whereTimeGoes(setup: TrainingSetup): Promise<Section> {
  const { textFile, folder } = setup;
  const { model, training } = NANO_GPT;
  const startFolder = join(folder, 'shapes');
  await writeStart(textFile, startFolder);
  const { vocabularySize } = CharacterTokenizer.fromText(readFileSync(textFile, 'utf8'));
  const gigaflops = stepFlops(gptProducts(model, training.batchSize, vocabularySize)) / 1e9;

  const figures: Figure[] = [];
  const lines: string[] = [];
  for (const threads of THREAD_COUNTS) {
    const { wholeMs, parts } = await measure(setup, startFolder, threads);
    const about = { threads, batch: training.batchSize, unit: 'ms' };
    const { productsMs, optimizerMs, batchMs } = parts;
    const all: [string, number][] = [
      ['matrix products', productsMs],
      ['clipping, decay and AdamW', optimizerMs],
      ['making the batch', batchMs],
      ['everything else', wholeMs - productsMs - optimizerMs - batchMs],
    ];
    for (const [name, partMs] of all) {
      const figure = `${name}, beside the whole step`;
      figures.push({ ...about, figure, ours: partMs, peer: wholeMs, ratio: wholeMs / partMs });
    }
    const shares = all.map(([name, partMs]) => `${name} ${((100 * partMs) / wholeMs).toFixed(1)}%`).join(', ');
    const speed = ((gigaflops / productsMs) * 1000).toFixed(0);
    lines.push(`With ${threads} thread${threads > 1 ? 's' : ''}: ${shares}; the products run at ${speed} GFLOP/s.`);
  }
  return {
    title: 'Where the time goes',
    about:
      `A step's matrix products, forward and backward, are ${gigaflops.toFixed(2)} GFLOP; here they run alone, as one recorded ` +
      'program of the same shapes. Clipping, decay and AdamW are measured alike, and so is the making of a batch. Everything ' +
      'else is what is left of a whole step measured in the same rounds: layer norms, GELU, softmax, the transpositions of ' +
      'the heads, embedding, loss, and what a part does faster alone than within the step; where it is less than nothing, ' +
      `the parts do better within the step. ${lines.join(' ')}`,
    figures,
  };
}

/** Medians over rounds in turn: a process that takes whole steps, and one that runs the parts. */
async function measure(
  { textFile, extent, say }: TrainingSetup,
  startFolder: string,
  threads: number,
): Promise<{ wholeMs: number; parts: PartTimes }> {
  const { rounds, steps, warmUpSteps } = extent;
  const script = fileURLToPath(new URL('measure-parts.js', import.meta.url));
  const order = { textFile, startFolder, runs: steps - warmUpSteps, warmUpRuns: warmUpSteps };
  const line = { command: process.execPath, args: [script, JSON.stringify(order)] };
  const wholes: number[] = [];
  const parts: PartTimes[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const report = await glyphmill().train({ ...NANO_GPT, textFile, stopAfter: steps }, threads);
    wholes.push(stepMs(report, warmUpSteps));
    parts.push(partTimes.parse(await measuredProcess(line, { threads, environment: engineEnvironment(threads) })));
    const { productsMs } = parts.at(-1)!;
    say(
      `parts, ${threads} thread(s), round ${round} of ${rounds}: ` +
        `products ${productsMs.toFixed(2)} of ${wholes.at(-1)!.toFixed(2)} ms`,
    );
  }
  const of = (part: keyof PartTimes) => median(parts.map((each) => each[part]));
  return {
    wholeMs: median(wholes),
    parts: { batchMs: of('batchMs'), productsMs: of('productsMs'), optimizerMs: of('optimizerMs') },
  };
}
