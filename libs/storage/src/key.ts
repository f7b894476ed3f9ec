import { InvalidKeyError } from './errors.js';

const MAX_KEY_LENGTH = 1024;
const MAX_SEGMENTS = 16;
const SEGMENT = /^[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,254}$/;

/** The segments of a key; throws {@link InvalidKeyError} that says what is wrong with it. No segment leaves its folder. */
export function splitKey(key: string): string[] {
  const fault = findFault(key);
  if (fault !== undefined) throw new InvalidKeyError(key, fault);
  return key.split('/');
}

/** The segments of a prefix for listing: those of a key, or none for `''`. */
export function splitPrefix(prefix: string): string[] {
  return prefix === '' ? [] : splitKey(prefix);
}

export function isKey(key: string): boolean {
  return findFault(key) === undefined;
}

function findFault(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (key.length > MAX_KEY_LENGTH) return `it has ${key.length} characters; at most ${MAX_KEY_LENGTH} are allowed`;
  const segments = key.split('/');
  if (segments.length > MAX_SEGMENTS) return `it has ${segments.length} segments; at most ${MAX_SEGMENTS} are allowed`;
  const wrong = segments.find((segment) => !SEGMENT.test(segment));
  if (wrong === undefined) return undefined;
  return `the segment ${JSON.stringify(wrong)} is not 1 to 255 of A–Z a–z 0–9 . _ - + without a dot in front`;
}
