import type { Batch } from '@glyphmill/data';
import type { Learner } from '../learner/learner.js';
import type { Corpus, Split } from './corpus.js';

/** The mean losses of both splits, in nats per token. */
export interface Losses {
  trainLoss: number;
  validationLoss: number;
}

/** The mean losses over a fixed part of each split, the same one each time. `yieldToEventLoop` is called before each batch. */
export async function lossesOnTheWay(
  learner: Learner,
  corpus: Corpus,
  yieldToEventLoop: () => Promise<void>,
): Promise<Losses> {
  return await lossesOf((split) => corpus.evaluationBatches(split), learner, yieldToEventLoop);
}

/** The mean loss over the part of the validation split that {@link lossesOnTheWay} takes. */
export async function validationLossOnTheWay(
  learner: Learner,
  corpus: Corpus,
  yieldToEventLoop: () => Promise<void>,
): Promise<number> {
  return await meanLoss(corpus.evaluationBatches('validation'), learner, yieldToEventLoop);
}

/** The mean losses over the whole of each split. */
export async function wholeLosses(
  learner: Learner,
  corpus: Corpus,
  yieldToEventLoop: () => Promise<void>,
): Promise<Losses> {
  return await lossesOf((split) => corpus.wholeBatches(split), learner, yieldToEventLoop);
}

async function lossesOf(
  batchesOf: (split: Split) => Iterable<Batch>,
  learner: Learner,
  yieldToEventLoop: () => Promise<void>,
): Promise<Losses> {
  const trainLoss = await meanLoss(batchesOf('train'), learner, yieldToEventLoop);
  return { trainLoss, validationLoss: await meanLoss(batchesOf('validation'), learner, yieldToEventLoop) };
}

async function meanLoss(
  batches: Iterable<Batch>,
  learner: Learner,
  yieldToEventLoop: () => Promise<void>,
): Promise<number> {
  let sum = 0;
  let tokens = 0;
  for (const batch of batches) {
    await yieldToEventLoop();
    sum += learner.loss(batch) * batch.inputs.length;
    tokens += batch.inputs.length;
  }
  return sum / tokens;
}
