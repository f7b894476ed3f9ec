import type { Machine } from '../machine.js';
import { markdownTable } from '../markdown.js';
import type { Rung } from './rung.js';

export interface LadderPage {
  machine: Machine;
  /** What was typed. */
  command: string;
  /** The name of the text. */
  text: string;
  /** The plot's file, beside the page. */
  plot: string;
  budget: { steps: number; batchSize: number; blockSize: number; width: number; threads: number };
  rungs: readonly Rung[];
}

const COLUMNS = [
  'kind',
  'parameters',
  'steps',
  'ms per step',
  'train loss',
  'validation loss',
  'bits per byte, validation',
];

/** The page of the ladder in Markdown: all of it comes from one run. */
export function ladderPage({ machine, command, text, plot, budget, rungs }: LadderPage): string {
  const { steps, batchSize, blockSize, width, threads } = budget;
  const tokens = (steps * batchSize * blockSize).toLocaleString('en');
  const rows = rungs.map((rung) => [
    rung.kind,
    rung.parameters.toLocaleString('en'),
    String(rung.steps),
    rung.stepMs.toFixed(2),
    rung.trainLoss.toFixed(4),
    rung.validationLoss.toFixed(4),
    rung.bitsPerByte.toFixed(4),
  ]);
  const paragraphs = [
    '# The ladder',
    'One run of one command wrote this page and its plot, and nobody edits them:',
    `\`\`\`sh\n${command}\n\`\`\``,
    `Each kind of model is trained on ${text}, ${width} wide (a bigram's table has no width), with a block of ${blockSize}, on ` +
      `equally many tokens: ${steps} steps of ${batchSize} × ${blockSize}, ${tokens} in all. The rest of the training is what a ` +
      'request gets that says no more. Losses are in nats per token over the whole of each split; a step is the median, with ' +
      `${threads} thread${threads > 1 ? 's' : ''}.`,
    markdownTable(COLUMNS, rows),
    `![The validation loss of each kind over the tokens seen](${plot})`,
    'The curves are evaluations on the way, over a fixed part of the validation split.',
    markdownTable(['', ''], machine),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}
