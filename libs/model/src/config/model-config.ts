import { z } from 'zod';

/** Token counts beyond these are refused at the door, whatever memory a machine has. */
export const MODEL_LIMITS = { blockSize: 8192 } as const;

const blockSize = z
  .int()
  .min(1)
  .max(MODEL_LIMITS.blockSize)
  .describe('How many tokens of the past one training example holds.');

/** A V×V table of next-token logits: each token is predicted from the one before it. */
export const bigramConfig = z.strictObject({
  kind: z.literal('bigram'),
  blockSize: blockSize.default(8),
});
export type BigramConfig = z.output<typeof bigramConfig>;

/** What a client says of the model it wants; the vocabulary is not said but found in the dataset. */
export const modelConfig = z.discriminatedUnion('kind', [bigramConfig]);
export type ModelConfig = z.output<typeof modelConfig>;
export type ModelKind = ModelConfig['kind'];

/** How many trainable numbers a model has over a vocabulary of `vocabularySize` tokens. */
export function parameterCount(model: ModelConfig, vocabularySize: number): number {
  switch (model.kind) {
    case 'bigram':
      return vocabularySize * vocabularySize;
  }
}
