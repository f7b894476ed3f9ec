import { basename } from 'node:path';

/** As Node's errors quote it; it may hold spaces. */
const QUOTED_PATH = /(['"`])(?:file:\/\/)?\/[^'"`\n]*\/[^'"`\n]*\1/gu;

/** Two names or more, as in stacks and in what native libraries say. */
const BARE_PATH = /(?<![\w.:/~-])(?:file:\/\/)?(?:\/[^\s/'"`:,;()<>|]+){2,}\/?/gu;

/**
 * What clients are told about something: the message without the machine's folders, which they are not to know. Of each
 * absolute path its last name stays.
 */
export function publicMessage(message: string): string {
  return message
    .replaceAll(QUOTED_PATH, (path, quote: string) => `${quote}${basename(path.slice(1, -1))}${quote}`)
    .replaceAll(BARE_PATH, (path) => basename(path));
}
