import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

import { pythonProgram } from './python.ts';
import { SetupError } from './setup-error.ts';

/**
 * Runs `work` while this process alone holds the lock on `file`; others wait. The lock is the kernel's (flock), held by
 * a small Python process that ends with this one however it ends, so no lock outlives its owner.
 *
 * @param onWait called once if another process holds the lock
 * @throws SetupError `cache-unusable` if the file cannot be locked
 */
export async function withFileLock<T>(
  file: string,
  python: string,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const holder = spawn(python, [pythonProgram('hold_lock.py'), file], { stdio: 'pipe' });
  const ended = once(holder, 'close');
  let problem = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text));
  try {
    if (!(await isHeld(holder.stdout, onWait))) {
      await ended;
      throw new SetupError(
        'cache-unusable',
        `The file ${file} cannot be locked (${problem.trim().split('\n').at(-1) ?? 'no reason given'}). Set GLYPHMILL_CACHE to a folder on a local disk that you may write to.`,
      );
    }
    return await work();
  } finally {
    holder.stdin.end();
    holder.stdout.resume();
    await ended;
  }
}

async function isHeld(output: Readable, onWait: () => void): Promise<boolean> {
  let text = '';
  let hasWaited = false;
  // The pipe stays open: the holder must not fail at a later write.
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes('held\n')) return true;
    if (!hasWaited && text.includes('waiting')) {
      hasWaited = true;
      onWait();
    }
  }
  return false;
}
