import { isSystemError } from '../errors.js';

/** What `action` yields, or `absent` where the file or folder that it is about is not there. */
export async function absentAs<T, A>(absent: A, action: () => Promise<T>): Promise<T | A> {
  try {
    return await action();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return absent;
    throw error;
  }
}
