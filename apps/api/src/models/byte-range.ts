import type { ByteRange } from '@glyphmill/storage';

/**
 * The part of a file of `sizeBytes` that a `Range` header asks for; `undefined` where it asks for the whole file, in
 * a unit that is not bytes, or for several parts (RFC 9110, 14.2 lets a server ignore these); `unsatisfiable` where
 * the file has no such part.
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(?<first>\d*)-(?<last>\d*)$/u.exec(header?.trim() ?? '');
  const { first = '', last = '' } = match?.groups ?? {};
  if (first === '' && last === '') return undefined;
  const end = sizeBytes - 1;
  if (first === '') {
    const suffixBytes = Math.min(Number(last), sizeBytes);
    return suffixBytes === 0 ? 'unsatisfiable' : { start: sizeBytes - suffixBytes, end };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start > end) return 'unsatisfiable';
  return { start, end: last === '' ? end : Math.min(Number(last), end) };
}
