import { extname } from 'node:path';

const BYTES = 'application/octet-stream';

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['.json', 'application/json'],
  ['.jsonl', 'application/x-ndjson'],
  ['.md', 'text/markdown; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

/** All content types that a model's file may have, without parameters. */
export const MODEL_FILE_TYPES = [BYTES, ...CONTENT_TYPES.values()].map((type) => type.replace(/;.*$/u, ''));

/** The content type of a model's file; weights and graphs are bytes to HTTP. */
export function contentTypeOf(path: string): string {
  return CONTENT_TYPES.get(extname(path)) ?? BYTES;
}
