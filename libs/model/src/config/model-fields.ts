import { z } from 'zod';

/** Sizes beyond these are refused at the door, whatever memory a machine has. */
export const MODEL_LIMITS = { blockSize: 8192, nLayer: 96, nHead: 128, nEmbd: 8192 } as const;

export const blockSize = z
  .int()
  .min(1)
  .max(MODEL_LIMITS.blockSize)
  .describe('How many tokens of the past one training example holds.');

export const nEmbd = z
  .int()
  .min(1)
  .max(MODEL_LIMITS.nEmbd)
  .default(128)
  .describe('How many numbers stand for a token.');

export const nHead = z
  .int()
  .min(1)
  .max(MODEL_LIMITS.nHead)
  .default(4)
  .describe('Heads of attention; nEmbd must be a multiple of it.');

export const dropout = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe('The share of activations that a training step leaves out.');

/** Refuses a width that the heads of attention cannot share evenly. */
export function requireWholeHeads(model: { nEmbd: number; nHead: number }, context: z.RefinementCtx): void {
  if (model.nEmbd % model.nHead === 0) return;
  context.addIssue({
    code: 'custom',
    path: ['nEmbd'],
    message: `nEmbd is ${model.nEmbd} and nHead is ${model.nHead}: nEmbd must be a multiple of nHead, for example ${
      Math.ceil(model.nEmbd / model.nHead) * model.nHead
    }.`,
  });
}
