import type { ByteRange } from '@glyphmill/storage';

/**
 * The part of a file of `sizeBytes` that a `Range` header asks for; `undefined` if it asks for the whole file, in a unit
 * that is not bytes, or for several parts (RFC 9110, 14.2 lets a server ignore these), or cannot be read;
 * `unsatisfiable` if the file has no such part. https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, ranges] = /^bytes=(.*)$/iu.exec(header?.trim() ?? '') ?? [];
  // A list may have empty members (5.6.1.2).
  const [only, ...others] = (ranges ?? '').split(',').flatMap((range) => range.trim() || []);
  const match = others.length === 0 ? /^(\d*)-(\d*)$/u.exec(only ?? '') : null;
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return suffixOf(sizeBytes, last);
  // Numbers may be of any length, and compare as such.
  if (last !== '' && BigInt(last) < BigInt(first)) return undefined;
  const start = Number(first);
  const end = sizeBytes - 1;
  if (start > end) return 'unsatisfiable';
  return { start, end: last === '' ? end : Math.min(Number(last), end) };
}

function suffixOf(sizeBytes: number, length: string): ByteRange | 'unsatisfiable' | undefined {
  if (Number(length) === 0) return 'unsatisfiable';
  // The last bytes of a file without any are the whole file, which no Content-Range can say.
  return sizeBytes === 0 ? undefined : { start: Math.max(0, sizeBytes - Number(length)), end: sizeBytes - 1 };
}
