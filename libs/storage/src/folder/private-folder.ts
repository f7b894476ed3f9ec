import { chmod, stat } from './guarded-files.js';

/**
 * Lets nobody but its owner enter a folder. What lies in it keeps its modes, and cannot be reached. A folder of another
 * owner is left as it is: who may enter it was decided there.
 */
export async function makePrivate(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  if ((mode & 0o077) !== 0 && uid === process.getuid?.()) await chmod(folder, 0o700);
}
