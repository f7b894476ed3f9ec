const NAMES: ReadonlyMap<number, string> = new Map([
  [0x00, 'NUL'],
  [0x09, 'a tab'],
  [0x0a, 'a line feed'],
  [0x0d, 'a carriage return'],
  [0x20, 'a space'],
  [0x7f, 'DEL'],
  [0xa0, 'a no-break space'],
  [0xfeff, 'a byte order mark'],
]);

/** A code point as `U+00E9`. */
export function formatCodePoint(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A code point for a message: always one readable line, even if the character itself is invisible or combines. */
export function describeCodePoint(codePoint: number): string {
  const code = formatCodePoint(codePoint);
  const name = NAMES.get(codePoint);
  if (name !== undefined) return `${code} (${name})`;
  if (isSurrogate(codePoint)) return `${code} (half of a surrogate pair)`;
  const character = String.fromCodePoint(codePoint);
  // A combining mark is shown on U+25CC, the dotted circle that Unicode's charts use.
  if (/\p{M}/u.test(character)) return `“\u25CC${character}” (${code})`;
  if (/[\p{L}\p{N}\p{P}\p{S}]/u.test(character)) return `“${character}” (${code})`;
  return /\p{Cc}/u.test(character) ? `${code} (a control character)` : `${code} (an invisible character)`;
}

/** Whether a code point is half of a surrogate pair, which stands for no character and has no UTF-8. */
export function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}
