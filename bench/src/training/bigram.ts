import { bigramBenchmark } from '../bigram/bigram-benchmark.js';
import type { Section } from '../section.js';
import type { TrainingSetup } from './training-setup.js';

/** The bigram model beside PyTorch: the benchmark `bigram`, as a part of this one. */
export async function bigram({ textFile, python, extent, say }: TrainingSetup): Promise<Section> {
  const { rounds, bigramSteps } = extent;
  const given = { text: textFile, python, rounds, steps: bigramSteps };
  return {
    title: 'A bigram model',
    about:
      'The smallest kind, from one table on both sides: batches of 1024 rows of 8 tokens, AdamW with a rate of 1e-3. ' +
      'Ours computes loss and gradient from how often each pair of characters occurs in the batch, which is exact ' +
      '([decision 4](decisions/0004-bigram-by-pair-counts.md)); PyTorch looks up a row of logits for each token. Batches are ' +
      'included; ours reads the loss of each step, PyTorch does not.',
    figures: await bigramBenchmark(given, (line) => say(`bigram, ${line}`)),
  };
}
