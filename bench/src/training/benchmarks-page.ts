import type { Machine } from '../machine.js';
import { markdownTable } from '../markdown.js';
import { type Section, sectionParagraphs } from '../section.js';
import { NANO_GPT } from './training-setup.js';

export interface BenchmarksPage {
  machine: Machine;
  /** The text that was trained on, in words. */
  text: string;
  /** What was typed. */
  command: string;
  sections: readonly Section[];
}

/** The page of the training benchmark in Markdown: all of it comes from one run. */
export function benchmarksPage({ machine, text, command, sections }: BenchmarksPage): string {
  const { model, training } = NANO_GPT;
  const paragraphs = [
    '# Benchmarks: training',
    'One run of one command wrote this page, and nobody edits it:',
    `\`\`\`sh\n${command}\n\`\`\``,
    'Ours and the peer ran in turn on the same machine, so that the ratios can be trusted more than the times. A ratio above 1 means ' +
      'that ours is better: faster, smaller, or of a lower loss.',
    markdownTable(['', ''], [...machine, ['Text', text]]),
    `The model is nanoGPT's for a CPU: ${model.nLayer} layers, ${model.nHead} heads, ${model.nEmbd} wide, block ` +
      `${model.blockSize}, batch ${training.batchSize}, no dropout, no bias, tied head, exact GELU; AdamW with β ` +
      `${training.beta1} and ${training.beta2}, decay ${training.weightDecay} on matrices only, gradients clipped at a norm of ` +
      `${training.gradientClip}, learning rate ${training.learningRate} falling on a cosine to ${training.minLearningRate} ` +
      `over ${training.maxSteps} steps after a warm-up of ${training.warmupSteps}.`,
    ...sections.flatMap((section) => sectionParagraphs(section)),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}
