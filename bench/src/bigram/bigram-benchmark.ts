import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { engineEnvironment } from '../engine-environment.js';
import { type Figure, lessIsBetter } from '../figure.js';
import { measuredProcess } from '../measured-process.js';
import { THREAD_COUNTS } from '../processor-cores.js';

const BATCH_SIZE = 1024;
const BLOCK_SIZE = 8;
const SEED = 1337;

const measurement = z.object({
  millisecondsPerStep: z.number().positive(),
  trainLoss: z.number(),
  validationLoss: z.number(),
  library: z.string(),
});
type Measurement = z.output<typeof measurement>;

/** What is compared; less is better for each. */
type Quantity = 'millisecondsPerStep' | 'trainLoss' | 'validationLoss';

/**
 * Trains the same bigram model here and in PyTorch, from the same table, on the same text, in turn: a process of ours, a
 * process of theirs, and again. Each step makes its batch; ours reads its loss, theirs does not. Figures are medians.
 */
export async function bigramBenchmark(
  { text, python, steps = 1000, rounds = 5 }: { text: string; python: string; steps?: number; rounds?: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-bench-'));
  const table = join(folder, 'table.bin');
  const script = fileURLToPath(new URL('train-bigram.js', import.meta.url));
  const peerScript = fileURLToPath(new URL('../../peers/bigram.py', import.meta.url));
  const sizes = [steps, BATCH_SIZE, BLOCK_SIZE, SEED].map(String);
  try {
    const our = (mode: string, threads: number) => {
      const line = { command: process.execPath, args: [script, mode, text, table, ...sizes] };
      return measuredProcess(line, { threads, environment: engineEnvironment(threads) });
    };
    const their = (threads: number) => {
      const line = { command: python, args: [peerScript, text, table, String(threads), ...sizes] };
      const environment = { OMP_NUM_THREADS: String(threads), CUDA_VISIBLE_DEVICES: '-1' };
      return measuredProcess(line, { threads, environment });
    };
    await our('initial', 1);
    const figures: Figure[] = [];
    for (const threads of THREAD_COUNTS) {
      const ours: Measurement[] = [];
      const peer: Measurement[] = [];
      for (let round = 0; round < rounds; round += 1) {
        ours.push(measurement.parse(await our('train', threads)));
        peer.push(measurement.parse(await their(threads)));
        say(
          `${threads} thread${threads > 1 ? 's' : ''}, round ${round + 1} of ${rounds}: ` +
            `${ours.at(-1)!.library} ${ours.at(-1)!.millisecondsPerStep.toFixed(3)} ms, ` +
            `${peer.at(-1)!.library} ${peer.at(-1)!.millisecondsPerStep.toFixed(3)} ms`,
        );
      }
      const compare = (figure: string, unit: string, quantity: Quantity): Figure => {
        const of = (side: Measurement[]) => side.map((each) => each[quantity]);
        return lessIsBetter({ figure, threads, batch: BATCH_SIZE, unit }, of(ours), of(peer));
      };
      figures.push(
        compare('bigram step', 'ms', 'millisecondsPerStep'),
        compare(`bigram train loss after ${steps} steps`, 'nats/token', 'trainLoss'),
        compare(`bigram validation loss after ${steps} steps`, 'nats/token', 'validationLoss'),
      );
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
