import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '@glyphmill/model/config';
import type { Device } from '@glyphmill/model/generation';
import { findRuntimes } from '@glyphmill/runtimes';
import { engineEnvironment } from '../engine-environment.js';
import { type Figure, lessIsBetter, moreIsBetter } from '../figure.js';
import { measuredProcess } from '../measured-process.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { type GenerationOrder, generationReport, type GenerationReport } from './generation-report.js';
import { BIGRAM, type GenerationSetup, GPT } from './generation-setup.js';
import { publishedModel } from './published-model.js';

const MEBIBYTE = 1024 ** 2;

/** Without a cache every token costs the whole window: beyond this batch there is nothing to learn for the time. */
const MOST_UNCACHED = 32;
const UNCACHED_TOKENS = 64;

type Peer = 'with a cache' | 'without a cache' | 'bigram';

/** A GPT's tokens per second, time to the first token and memory, beside PyTorch with a cache and without. */
export async function gptBesidePyTorch(setup: GenerationSetup): Promise<Section> {
  const { extent } = setup;
  const order = await orderOf(GPT, setup);
  const figures: Figure[] = [];
  for (const threads of THREAD_COUNTS) {
    for (const batch of extent.batches) {
      figures.push(...(await compare({ ...order, batch }, 'with a cache', threads, setup)));
      if (batch > MOST_UNCACHED) continue;
      const shorter = { ...order, batch, newTokens: Math.min(UNCACHED_TOKENS, extent.newTokens) };
      figures.push(...(await compare(shorter, 'without a cache', threads, setup)));
    }
  }
  return {
    title: 'A GPT',
    about:
      '4 layers, 4 heads, 128 wide, block 320: from a prompt of 64 tokens, each another, 256 new ones for each sequence of a batch, ' +
      `drawn from the 40 likeliest. Ours goes through \`GenerationModel\`, as a worker's engine does; PyTorch has ` +
      '`scaled_dot_product_attention`, keys and values in arrays of their whole length, and inference mode. Without a cache ' +
      `PyTorch computes the whole window for each token, of which ${UNCACHED_TOKENS} are measured on both sides. ` +
      `Figures are medians of ${extent.rounds} processes in turn, and a process's of ${extent.repetitions} generations, ` +
      `or of as many as ${extent.leastSeconds} s have room for, after as many short ones to warm up.`,
    figures,
  };
}

/** A bigram model's tokens per second, beside PyTorch. */
export async function bigramBesidePyTorch(setup: GenerationSetup): Promise<Section> {
  const order = await orderOf(BIGRAM, setup);
  const figures: Figure[] = [];
  for (const batch of setup.extent.batches) {
    figures.push(...(await compare({ ...order, batch }, 'bigram', 1, setup)));
  }
  return {
    title: 'A bigram model',
    about:
      'The same for a table of logits: ours looks draws up in cumulative rows, in JavaScript; PyTorch gathers rows, sorts out the ' +
      'likeliest and draws.',
    figures,
  };
}

async function orderOf(model: ModelConfig, setup: GenerationSetup): Promise<GenerationOrder> {
  const { newTokens, repetitions, leastSeconds } = setup.extent;
  const published = await publishedModel(model, setup);
  return { ...published, device: setup.device, batch: 1, newTokens, topK: 40, seed: 1337, repetitions, leastSeconds };
}

async function compare(
  order: GenerationOrder,
  peer: Peer,
  threads: number,
  { python, extent, say }: GenerationSetup,
): Promise<Figure[]> {
  const ours: GenerationReport[] = [];
  const theirs: GenerationReport[] = [];
  for (let round = 1; round <= extent.rounds; round += 1) {
    ours.push(await generateHere(order, threads));
    theirs.push(await generateThere(order, peer, { python, threads }));
    const [mine, other] = [ours, theirs].map((side) => side.at(-1)!.tokensPerSecond.toFixed(0));
    say(
      `${order.model.kind}, ${threads} thread(s), batch ${order.batch}, round ${round} of ${extent.rounds}: ` +
        `${mine} tokens/s, PyTorch ${peer} ${other}`,
    );
  }
  const name = order.model.kind === 'bigram' ? 'bigram' : 'gpt';
  const beside = peer === 'bigram' ? '' : `, beside PyTorch ${peer}`;
  const about = (what: string, unit: string) => ({
    figure: `${name} ${what}${beside}`,
    threads,
    batch: order.batch,
    unit,
  });
  const of = (side: GenerationReport[], quantity: 'tokensPerSecond' | 'firstTokenMs' | 'peakMemoryBytes', scale = 1) =>
    side.map((report) => report[quantity] / scale);
  const speed = moreIsBetter(
    about('generation', 'tokens/s'),
    of(ours, 'tokensPerSecond'),
    of(theirs, 'tokensPerSecond'),
  );
  if (peer !== 'with a cache') return [speed];
  return [
    speed,
    lessIsBetter(about('first token', 'ms'), of(ours, 'firstTokenMs'), of(theirs, 'firstTokenMs')),
    lessIsBetter(
      about('peak memory', 'MiB'),
      of(ours, 'peakMemoryBytes', MEBIBYTE),
      of(theirs, 'peakMemoryBytes', MEBIBYTE),
    ),
  ];
}

/** The environment of a process of ours that generates: on a GPU with the libraries that the setup put in place. */
function generationEnvironment(device: Device, threads: number): NodeJS.ProcessEnv {
  if (device === 'cpu') return engineEnvironment(threads);
  const { CUDA_VISIBLE_DEVICES: _hidden, ...environment } = engineEnvironment(threads);
  return { ...environment, ...findRuntimes().environment };
}

async function generateHere(order: GenerationOrder, threads: number): Promise<GenerationReport> {
  const script = fileURLToPath(new URL('measure-generation.js', import.meta.url));
  const line = { command: process.execPath, args: [script, JSON.stringify(order), String(threads)] };
  return generationReport.parse(
    await measuredProcess(line, { threads, environment: generationEnvironment(order.device, threads) }),
  );
}

async function generateThere(
  order: GenerationOrder,
  peer: Peer,
  { python, threads }: { python: string; threads: number },
): Promise<GenerationReport> {
  const name = peer === 'bigram' ? 'generate_bigram.py' : 'generate_gpt.py';
  const script = fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
  const args = [script, JSON.stringify({ ...order, threads, cached: peer === 'with a cache' })];
  const hidden = order.device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '-1' } : {};
  const environment = { OMP_NUM_THREADS: String(threads), ...hidden };
  return generationReport.parse(await measuredProcess({ command: python, args }, { threads, environment }));
}
