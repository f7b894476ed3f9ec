import { ArtifactDamagedError } from '@glyphmill/storage';
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

/** Gives what `find` gives, or what a list shows instead if the files are damaged. */
export async function orDamaged<Item>(id: string, find: () => Promise<Item>): Promise<Item | DamagedItem> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof ArtifactDamagedError)) throw error;
    return { id, error: { code: 'artifact_damaged', message: error.message } };
  }
}
