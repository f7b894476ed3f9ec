import { z } from 'zod';

/** The most characters (Unicode code points) of a name. */
const MOST_CHARACTERS = 200;

/**
 * What no name has: control characters, ends of lines, and invisible characters that turn the direction of a text or
 * format it, but for the two joiners that Persian, Indic scripts and emoji are written with. As ranges of code units, for
 * generators of clients and tests know no `\p{…}`.
 */
const UNSEEN =
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb';

/** At least one character that is no space. */
const PATTERN = `^[^${UNSEEN}]*[^\\s${UNSEEN}][^${UNSEEN}]*$`;

const RULE = `a name is one line of 1 to ${MOST_CHARACTERS} characters, without control and invisible formatting characters and halves of characters`;

/** A name that a person gives to a thing: one line of text that shows all that is in it. Spaces around it are left out. */
export const givenName = z
  .string()
  .trim()
  .refine((name) => new RegExp(PATTERN, 'u').test(name) && name.isWellFormed() && lengthOf(name) <= MOST_CHARACTERS, {
    error: RULE,
  })
  .meta({ minLength: 1, maxLength: MOST_CHARACTERS, pattern: PATTERN });

function lengthOf(text: string): number {
  return Array.from(text).length;
}
