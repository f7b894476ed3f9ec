import { Problem } from '../problem/problem.js';

/** Largest JSON body: room for the prompts that one request may hold, with their escapes. */
export const JSON_BODY_BYTES = 6 * 1024 ** 2;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The value of a JSON body; an empty one is none. Throws the problem `malformed_json`, also for bytes that are not
 * UTF-8, which a decoder would otherwise replace without a word.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    throw new Problem('malformed_json', `The body is not JSON: ${reason}.`, { cause: error });
  }
}
