import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Figure, median } from '../figure.js';
import { measuredProcess } from '../measured-process.js';

const BATCH_SIZE = 1024;
const BLOCK_SIZE = 8;
const STEPS = 1000;
const ROUNDS = 5;
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
 * process of theirs, and again. Each step makes its batch; neither side reads the loss back. Figures are medians.
 */
export async function bigramBenchmark(
  { text, python }: { text: string; python: string },
  say: (line: string) => void,
): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-bench-'));
  const table = join(folder, 'table.bin');
  const script = fileURLToPath(new URL('train-bigram.js', import.meta.url));
  const peerScript = fileURLToPath(new URL('../../peers/bigram.py', import.meta.url));
  const sizes = [STEPS, BATCH_SIZE, BLOCK_SIZE, SEED].map(String);
  try {
    await measuredProcess(process.execPath, [script, 'initial', text, table, ...sizes], {});
    const figures: Figure[] = [];
    for (const threads of [1, 2]) {
      const ours: Measurement[] = [];
      const peer: Measurement[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const environment = {
          TF_NUM_INTRAOP_THREADS: String(threads),
          TF_CPP_MIN_LOG_LEVEL: '2',
          CUDA_VISIBLE_DEVICES: '-1',
        };
        const mine = await measuredProcess(process.execPath, [script, 'train', text, table, ...sizes], environment);
        ours.push(measurement.parse(mine));
        const theirs = await measuredProcess(python, [peerScript, text, table, String(threads), ...sizes], {
          OMP_NUM_THREADS: String(threads),
          CUDA_VISIBLE_DEVICES: '-1',
        });
        peer.push(measurement.parse(theirs));
        say(
          `${threads} thread${threads > 1 ? 's' : ''}, round ${round + 1} of ${ROUNDS}: ` +
            `${ours.at(-1)!.library} ${ours.at(-1)!.millisecondsPerStep.toFixed(3)} ms, ` +
            `${peer.at(-1)!.library} ${peer.at(-1)!.millisecondsPerStep.toFixed(3)} ms`,
        );
      }
      const compare = (figure: string, unit: string, quantity: Quantity): Figure => {
        const of = (side: Measurement[]) => median(side.map((each) => each[quantity]));
        const [mine, theirs] = [of(ours), of(peer)];
        return { figure, threads, batch: BATCH_SIZE, unit, ours: mine, peer: theirs, ratio: theirs / mine };
      };
      figures.push(
        compare('bigram step', 'ms', 'millisecondsPerStep'),
        compare(`bigram train loss after ${STEPS} steps`, 'nats/token', 'trainLoss'),
        compare(`bigram validation loss after ${STEPS} steps`, 'nats/token', 'validationLoss'),
      );
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
