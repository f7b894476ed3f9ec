import { z } from 'zod';
import { identifier } from './identifier.js';

/** The model whose weights a training run starts from, and how what differs is mapped. */
export const mappedModel = z.strictObject({
  model: identifier.describe("A model's id."),
  vocabulary: z
    .enum(['same', 'by-character'])
    .default('same')
    .describe("`same`: the text must have the model's characters. `by-character`: weights go to the same character."),
  positions: z
    .enum(['same', 'resize'])
    .default('same')
    .describe("`same`: blockSize must be the model's. `resize`: the first positions are taken, further ones are new."),
});

/** The model whose weights a training run starts from: its id, or its id and how what differs is mapped. */
export const initFrom = z
  .union([identifier, mappedModel], { error: explainInitFrom })
  .transform((given) => (typeof given === 'string' ? mappedModel.parse({ model: given }) : given));
export type InitFrom = z.output<typeof initFrom>;

/** What the form that was meant has against the value; the union itself would say "Invalid input" only. */
function explainInitFrom({ input }: { input?: unknown }): string {
  const form = typeof input === 'string' ? identifier : mappedModel;
  const { error } = z.object({ initFrom: form }).safeParse({ initFrom: input });
  return (error?.issues ?? [])
    .map(({ path, message }) => (path.length > 1 ? `${path.slice(1).join('.')}: ${message}` : message))
    .join('; ');
}
