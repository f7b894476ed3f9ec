import { join } from 'node:path';
import { type Contestant, glyphmill, type MeasuredTraining, pyTorch } from '../contestant.js';
import { workersXla } from '../engine-environment.js';
import { type Figure, lessIsBetter } from '../figure.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { preparationMs, stepMs } from '../training-report.js';
import { NANO_GPT, type TrainingSetup } from './training-setup.js';

const MEBIBYTE = 1024 ** 2;

/** How long a step takes, what compiling takes, and how much memory, beside PyTorch with and without `torch.compile`. */
export async function stepTime(setup: TrainingSetup): Promise<Section> {
  const { rounds, steps, warmUpSteps } = setup.extent;
  const figures: Figure[] = [];
  for (const threads of THREAD_COUNTS) figures.push(...(await figuresAt(setup, threads)));
  return {
    title: 'A step',
    about:
      'One optimizer step from the batch to the new weights: batch making, forward and backward pass, gradient clipping, ' +
      "decay, schedule, AdamW, and reading the batch's loss, on both sides. Ours goes through `train()` as a worker runs it, " +
      'with XLA at two threads and without at one. PyTorch has fused AdamW, `scaled_dot_product_attention` and batches by ' +
      'vectorised indexing. Each process keeps to as many cores as it has threads. ' +
      `A figure is the median of ${rounds} processes in turn, and a process's that of ${steps - warmUpSteps} steps after ` +
      `${warmUpSteps} that do not count. Compiling is what those first steps took beyond the time of later ones, in the ` +
      'first process, with empty caches; the start counts from the process itself, ours with an evaluation and a sample of ' +
      'text. Memory is the most that the whole process held (the processes that `torch.compile` starts are not counted).',
    figures,
  };
}

async function figuresAt({ textFile, python, extent, folder, say }: TrainingSetup, threads: number): Promise<Figure[]> {
  const { rounds, steps, warmUpSteps } = extent;
  const ownXla = workersXla(threads);
  const otherXla = ownXla === 'on' ? 'off' : 'on';
  const cacheFolder = join(folder, `compiled-${threads}`);
  const ours = glyphmill();
  const ourOther = glyphmill(otherXla);
  const eager = pyTorch({ python });
  const compiled = pyTorch({ python, compiled: true, cacheFolder });
  const measured = new Map<Contestant, MeasuredTraining[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of [ours, eager, compiled, ourOther]) {
      const report = await contestant.train({ ...NANO_GPT, textFile, stopAfter: steps }, threads);
      measured.set(contestant, [...(measured.get(contestant) ?? []), report]);
      const time = stepMs(report, warmUpSteps).toFixed(2);
      say(`step, ${threads} thread(s), round ${round} of ${rounds}: ${contestant.name} ${time} ms`);
    }
  }

  const compare = (what: string, unit: string, quantity: (report: MeasuredTraining) => number, one = false) => {
    const of = (contestant: Contestant) => (measured.get(contestant) ?? []).slice(0, one ? 1 : rounds).map(quantity);
    return (mine: Contestant, peer: Contestant, name = `${what}, beside ${peer.name}`) =>
      lessIsBetter({ figure: name, threads, batch: NANO_GPT.training.batchSize, unit }, of(mine), of(peer));
  };
  const step = compare('gpt step', 'ms', (report) => stepMs(report, warmUpSteps));
  const compiling = compare(
    'recording and compiling',
    's',
    (report) => preparationMs(report, warmUpSteps) / 1000,
    true,
  );
  const startSeconds = ({ startedAtMs, steps: taken }: MeasuredTraining) =>
    (taken[warmUpSteps - 1]!.atMs - startedAtMs) / 1000;
  const start = compare(`start and ${warmUpSteps} steps`, 's', startSeconds, true);
  const memory = compare('peak memory', 'MiB', ({ peakMemoryBytes }) => peakMemoryBytes / MEBIBYTE);
  return [
    step(ours, eager),
    step(ours, compiled),
    step(ours, ourOther, `gpt step, XLA ${ownXla}, beside XLA ${otherXla}`),
    compiling(ours, compiled),
    start(ours, eager),
    start(ours, compiled),
    memory(ours, eager),
    memory(ours, compiled),
  ];
}
