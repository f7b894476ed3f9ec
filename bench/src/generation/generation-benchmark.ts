import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ModelConfig, modelConfig } from '@glyphmill/model/config';
import { z } from 'zod';
import { engineEnvironment } from '../engine-environment.js';
import { type Figure, lessIsBetter, moreIsBetter } from '../figure.js';
import { describeMachine, describePyTorch } from '../machine.js';
import { measuredProcess } from '../measured-process.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { generationPage } from './generation-page.js';
import { type GenerationOrder, generationReport, type GenerationReport } from './generation-report.js';

const MEBIBYTE = 1024 ** 2;

/** A context of 320: a prompt of 64 and 256 new tokens fit into the block, on both sides. */
const GPT = modelConfig.parse({ kind: 'gpt', nLayer: 4, nHead: 4, nEmbd: 128, blockSize: 320 });
const BIGRAM = modelConfig.parse({ kind: 'bigram' });

const WHOLE = { rounds: 3, repetitions: 3, leastSeconds: 0.5, newTokens: 256, steps: 60, batches: [1, 32, 256] };
const QUICK = { rounds: 1, repetitions: 1, leastSeconds: 0, newTokens: 8, steps: 2, batches: [1, 4] };

/** Without a cache every token costs the whole window: beyond this batch there is nothing to learn for the time. */
const MOST_UNCACHED = 32;
const UNCACHED_TOKENS = 64;

const published = z.object({ vocabularySize: z.int(), promptText: z.string(), prompt: z.array(z.int()) });

export interface GenerationBenchmarkOptions {
  text: string;
  python: string;
  /** Everything tiny: the figures say nothing. */
  quick: boolean;
  /** Where the page goes; undefined: nowhere. */
  page: string | undefined;
}

type Peer = 'with a cache' | 'without a cache' | 'bigram';

interface Measurement extends Omit<GenerationBenchmarkOptions, 'quick' | 'page'> {
  extent: typeof WHOLE;
  folder: string;
  say: (line: string) => void;
}

/** Tokens a second, time to the first token and memory of generation, beside PyTorch with a cache and without. */
export async function generationBenchmark(
  { text, python, quick, page }: GenerationBenchmarkOptions,
  say: (line: string) => void,
): Promise<Figure[]> {
  const peer = await describePyTorch(python);
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-bench-'));
  const measurement = { text, python, extent: quick ? QUICK : WHOLE, folder, say };
  try {
    const sections = [await gptSection(measurement), await bigramSection(measurement)];
    if (page !== undefined) {
      const machine = [...(await describeMachine()), ...peer];
      const command = `npm run bench -- generation --text ${basename(text)} --python PYTHON${quick ? ' --quick' : ''}`;
      writeFileSync(page, generationPage({ machine, command, sections }));
      say(`wrote ${page}`);
    }
    return sections.flatMap(({ figures }) => figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function gptSection(measurement: Measurement): Promise<Section> {
  const { extent } = measurement;
  const order = await publish(GPT, measurement);
  const figures: Figure[] = [];
  for (const threads of THREAD_COUNTS) {
    for (const batch of extent.batches) {
      figures.push(...(await compare({ ...order, batch }, 'with a cache', threads, measurement)));
      if (batch > MOST_UNCACHED) continue;
      const shorter = { ...order, batch, newTokens: Math.min(UNCACHED_TOKENS, extent.newTokens) };
      figures.push(...(await compare(shorter, 'without a cache', threads, measurement)));
    }
  }
  return {
    title: 'A GPT',
    about:
      '4 layers, 4 heads, 128 wide, block 320: from a prompt of 64 tokens 256 new ones for each sequence of a batch, drawn from ' +
      `the 40 likeliest. Ours goes through \`GenerationModel\`, as a worker's engine does; PyTorch has ` +
      '`scaled_dot_product_attention`, keys and values in arrays of their whole length, and inference mode. Without a cache ' +
      `PyTorch computes the whole window for each token, of which ${UNCACHED_TOKENS} are measured on both sides. ` +
      `Figures are medians of ${extent.rounds} processes in turn, and a process's of ${extent.repetitions} generations, ` +
      `or of as many as ${extent.leastSeconds} s have room for, after as many short ones to warm up.`,
    figures,
  };
}

async function bigramSection(measurement: Measurement): Promise<Section> {
  const order = await publish(BIGRAM, measurement);
  const figures: Figure[] = [];
  for (const batch of measurement.extent.batches) {
    figures.push(...(await compare({ ...order, batch }, 'bigram', 1, measurement)));
  }
  return {
    title: 'A bigram model',
    about:
      'The same for a table of logits: ours looks draws up in cumulative rows, in JavaScript; PyTorch gathers rows, sorts out the ' +
      'likeliest and draws.',
    figures,
  };
}

async function publish(model: ModelConfig, { text, folder, extent, say }: Measurement): Promise<GenerationOrder> {
  say(`training a ${model.kind} for ${extent.steps} steps`);
  const script = fileURLToPath(new URL('train-published.js', import.meta.url));
  const [modelFolder, weightsFolder] = [join(folder, model.kind), join(folder, `${model.kind}-weights`)];
  const args = [script, JSON.stringify(model), text, modelFolder, weightsFolder, String(extent.steps)];
  const threads = THREAD_COUNTS.at(-1)!;
  const about = await measuredProcess(
    { command: process.execPath, args },
    { threads, environment: engineEnvironment(threads) },
  );
  const { newTokens, repetitions, leastSeconds } = extent;
  return {
    model,
    ...published.parse(about),
    modelFolder,
    weightsFolder,
    batch: 1,
    newTokens,
    topK: 40,
    seed: 1337,
    repetitions,
    leastSeconds,
  };
}

async function compare(
  order: GenerationOrder,
  peer: Peer,
  threads: number,
  { python, extent, say }: Measurement,
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

async function generateHere(order: GenerationOrder, threads: number): Promise<GenerationReport> {
  const script = fileURLToPath(new URL('measure-generation.js', import.meta.url));
  const line = { command: process.execPath, args: [script, JSON.stringify(order), String(threads)] };
  return generationReport.parse(await measuredProcess(line, { threads, environment: engineEnvironment(threads) }));
}

async function generateThere(
  order: GenerationOrder,
  peer: Peer,
  { python, threads }: { python: string; threads: number },
): Promise<GenerationReport> {
  const name = peer === 'bigram' ? 'generate_bigram.py' : 'generate_gpt.py';
  const script = fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
  const args = [script, JSON.stringify({ ...order, threads, cached: peer === 'with a cache' })];
  const environment = { OMP_NUM_THREADS: String(threads), CUDA_VISIBLE_DEVICES: '-1' };
  return generationReport.parse(await measuredProcess({ command: python, args }, { threads, environment }));
}
