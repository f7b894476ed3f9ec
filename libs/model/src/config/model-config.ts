import { z } from 'zod';

/** Sizes beyond these are refused at the door, whatever memory a machine has. */
export const MODEL_LIMITS = { blockSize: 8192, nLayer: 96, nHead: 128, nEmbd: 8192 } as const;

const blockSize = z
  .int()
  .min(1)
  .max(MODEL_LIMITS.blockSize)
  .describe('How many tokens of the past one training example holds.');

const nEmbd = z.int().min(1).max(MODEL_LIMITS.nEmbd).default(128).describe('How many numbers stand for a token.');

const nHead = z
  .int()
  .min(1)
  .max(MODEL_LIMITS.nHead)
  .default(4)
  .describe('Heads of attention; nEmbd must be a multiple of it.');

const dropout = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe('The share of activations that a training step leaves out.');

/** A V×V table of next-token logits: each token is predicted from the one before it. */
export const bigramConfig = z.strictObject({
  kind: z.literal('bigram'),
  blockSize: blockSize.default(8),
});
export type BigramConfig = z.output<typeof bigramConfig>;

/** Embeddings of tokens and positions, and the plain mean of the past: a bag of words. */
export const averagingConfig = z.strictObject({
  kind: z.literal('averaging'),
  nEmbd,
  blockSize: blockSize.default(64),
  dropout,
});
export type AveragingConfig = z.output<typeof averagingConfig>;

/** One head of causal self-attention: a mean of the past, weighted by what each token looks for. */
export const attentionConfig = z.strictObject({
  kind: z.literal('attention'),
  nEmbd,
  blockSize: blockSize.default(64),
  dropout,
});
export type AttentionConfig = z.output<typeof attentionConfig>;

/** Several heads of causal self-attention side by side, mixed by a projection. */
export const multiHeadConfig = z
  .strictObject({
    kind: z.literal('multi-head'),
    nHead,
    nEmbd,
    blockSize: blockSize.default(64),
    dropout,
  })
  .superRefine(requireWholeHeads);
export type MultiHeadConfig = z.output<typeof multiHeadConfig>;

/** GPT-2's architecture, as nanoGPT has it: blocks of multi-head attention and feed-forward with layer norm. */
export const gptConfig = z
  .strictObject({
    kind: z.literal('gpt'),
    nLayer: z.int().min(1).max(MODEL_LIMITS.nLayer).default(4).describe('Blocks of attention and feed-forward.'),
    nHead,
    nEmbd,
    blockSize: blockSize.default(64),
    dropout,
    bias: z.boolean().default(false).describe('Whether linear layers and layer norms have a bias.'),
  })
  .superRefine(requireWholeHeads);
export type GptConfig = z.output<typeof gptConfig>;

/** What a client says of the model it wants; the vocabulary is not said but found in the dataset. */
export const modelConfig = z.discriminatedUnion('kind', [
  bigramConfig,
  averagingConfig,
  attentionConfig,
  multiHeadConfig,
  gptConfig,
]);
export type ModelConfig = z.output<typeof modelConfig>;
export type ModelKind = ModelConfig['kind'];

/** How many trainable numbers a model has over a vocabulary of `vocabularySize` tokens. */
export function parameterCount(model: ModelConfig, vocabularySize: number): number {
  if (model.kind === 'bigram') return vocabularySize * vocabularySize;
  const { nEmbd: width } = model;
  const embeddings = (vocabularySize + model.blockSize) * width;
  const head = vocabularySize * width;
  switch (model.kind) {
    case 'averaging':
      return embeddings + width ** 2 + head;
    case 'attention':
      return embeddings + 3 * width ** 2 + head;
    case 'multi-head':
      return embeddings + 4 * width ** 2 + head;
    case 'gpt': {
      // A block: 3 + 1 matrices of attention, 4 + 4 of the feed-forward, and two layer norms. The head is tied.
      const blockBiases = model.bias ? (3 + 1 + 4 + 1 + 2) * width : 0;
      const block = 12 * width ** 2 + 2 * width + blockBiases;
      return embeddings + model.nLayer * block + (model.bias ? 2 : 1) * width;
    }
  }
}

function requireWholeHeads(model: { nEmbd: number; nHead: number }, context: z.RefinementCtx): void {
  if (model.nEmbd % model.nHead === 0) return;
  context.addIssue({
    code: 'custom',
    path: ['nEmbd'],
    message: `nEmbd is ${model.nEmbd} and nHead is ${model.nHead}: nEmbd must be a multiple of nHead, for example ${
      Math.ceil(model.nEmbd / model.nHead) * model.nHead
    }.`,
  });
}
