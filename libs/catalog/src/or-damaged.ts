import type { DamagedItem } from '@glyphmill/contract';
import { ArtifactDamagedError } from '@glyphmill/storage';

/** Returns what `find` yields, or what a list shows instead if the files are damaged. */
export async function orDamaged<Item>(id: string, find: () => Promise<Item>): Promise<Item | DamagedItem> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof ArtifactDamagedError)) throw error;
    return { id, error: { code: 'artifact_damaged', message: error.message } };
  }
}
