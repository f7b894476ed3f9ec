import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { secret } from './secret.js';

const ALLOWED = 'a file:///… address of a folder; no other kind of storage exists yet';

/**
 * The address of the artifact store, parsed to the path of its folder. It is secret although a folder is none: addresses
 * of other kinds of storage carry keys, and one that is given too early must not be quoted either.
 */
export const storageAddress = secret(
  z.string(ALLOWED).transform((text, context) => {
    const folder = folderOf(text);
    if (folder !== undefined) return folder;
    context.addIssue({ code: 'custom', message: ALLOWED });
    return z.NEVER;
  }),
);

function folderOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'file:') return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
