import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { engineEnvironment, type Xla } from '../engine-environment.js';
import { type Figure, lessIsBetter } from '../figure.js';
import { describeMachine } from '../machine.js';
import { markdownTable } from '../markdown.js';
import { measuredProcess } from '../measured-process.js';
import { type Corner, CORNERS } from './corners.js';
import { type MemoryReport, memoryReport } from './training-run.js';

const MEBIBYTE = 1024 ** 2;

/** How a worker's engine computes: what it needs least for, and what it does by default on two cores. */
const SETTINGS: readonly { threads: number; xla: Xla }[] = [
  { threads: 1, xla: 'off' },
  { threads: 2, xla: 'on' },
];

interface MemoryBenchmarkOptions {
  /** Part of the titles of the corners to measure; undefined: all. */
  only: string | undefined;
  /** Where the page goes; undefined: nowhere. */
  page: string | undefined;
}

interface Measured extends MemoryReport {
  corner: Corner;
  setting: string;
  threads: number;
}

/** The memory that training runs take at their peak, each in a process of its own, beside what admission estimates. */
export async function memoryBenchmark(
  { only = '', page }: MemoryBenchmarkOptions,
  say: (line: string) => void,
): Promise<Figure[]> {
  const measured: Measured[] = [];
  for (const corner of CORNERS.filter(({ title }) => title.includes(only))) {
    for (const { threads, xla } of SETTINGS) {
      const setting = `${threads} ${threads === 1 ? 'thread' : 'threads'}, XLA ${xla}`;
      const report = await measureCorner(corner, threads, xla);
      measured.push({ corner, setting, threads, ...report });
      say(
        `${corner.title} (${setting}): ${mebibytes(report.peakBytes)} of an estimate of ${mebibytes(report.estimateBytes)} MiB`,
      );
    }
  }
  if (page !== undefined) await writeFile(page, await memoryPage(measured));
  return measured.map(({ corner, setting, threads, peakBytes, estimateBytes }) => {
    const about = { figure: `${corner.title} (${setting})`, threads, batch: corner.order.training.batchSize ?? 1 };
    return lessIsBetter({ ...about, unit: 'MiB' }, [peakBytes / MEBIBYTE], [estimateBytes / MEBIBYTE]);
  });
}

async function measureCorner({ order }: Corner, threads: number, xla: Xla): Promise<MemoryReport> {
  const script = fileURLToPath(new URL('measure-training-memory.js', import.meta.url));
  const line = { command: process.execPath, args: [script, JSON.stringify(order)] };
  return memoryReport.parse(await measuredProcess(line, { threads, environment: engineEnvironment(threads, xla) }));
}

async function memoryPage(measured: readonly Measured[]): Promise<string> {
  const rows = measured.map(({ corner: { title, order }, setting, peakBytes, estimateBytes }) => [
    title,
    requestOf(order),
    setting,
    mebibytes(peakBytes),
    mebibytes(estimateBytes),
    (estimateBytes / peakBytes).toFixed(2),
  ]);
  const paragraphs = [
    '# Memory of training runs, estimated and measured',
    'One run of one command wrote this page, and nobody edits it:',
    '```sh\nnpm run bench -- memory\n```',
    'Each row is a process of its own that does what a training engine does: steps, evaluations, samples, two checkpoints, ' +
      'and the export with its checks. Its peak is `VmHWM`. The estimate is what the API compares with `MAX_JOB_MEMORY_BYTES`, ' +
      'and a worker with the memory that is free; a ratio below 1 would be a fault.',
    markdownTable(['', ''], [...(await describeMachine())]),
    markdownTable(['corner', 'request', 'computed with', 'peak, MiB', 'estimate, MiB', 'estimate ÷ peak'], rows),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function requestOf({ model, training, characters, vocabularySize }: Corner['order']): string {
  const { kind, ...sizes } = model;
  const { validationFraction: _, ...given } = training;
  const parts = Object.entries({ ...sizes, ...given }).map(([name, value]) => `${name} ${String(value)}`);
  return `${kind}: ${parts.join(', ')}; ${characters} characters, ${vocabularySize} distinct`;
}

function mebibytes(bytes: number): string {
  return String(Math.round(bytes / MEBIBYTE));
}
