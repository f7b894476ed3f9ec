import { z } from 'zod';

/** What a list shows in the place of an item whose files are damaged: the others are listed all the same. */
export const damagedItem = z.object({
  id: z.string(),
  error: z.object({
    code: z.literal('artifact_damaged'),
    message: z.string().describe('What is wrong with it.'),
  }),
});
export type DamagedItem = z.output<typeof damagedItem>;
