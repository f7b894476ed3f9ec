import { isUtf8 } from 'node:buffer';

/** How many bytes the sequence that starts with `lead` has, as far as the lead byte shows; 0 if none starts with it. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** How many bytes at the end start a sequence that needs more bytes than are there: 0 to 3. */
export function incompleteTailLength(bytes: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length += 1) {
    const byte = bytes[bytes.length - length]!;
    const continues = (byte & 0xc0) === 0x80;
    if (!continues) return sequenceLength(byte) > length ? length : 0;
  }
  return 0;
}

/** The offset of the first ill-formed sequence in bytes that are not UTF-8: all before it is well-formed. */
export function findUtf8Fault(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at]!);
    if (length === 0 || at + length > bytes.length) break;
    if (length > 1 && !isUtf8(bytes.subarray(at, at + length))) break;
    at += length;
  }
  return at;
}

/** Whether a text starts with half of UTF-16's byte order mark, or has as many zeros as Latin letters have in UTF-16. */
export function looksLikeUtf16(head: Uint8Array): boolean {
  return head[0] === 0xff || head[0] === 0xfe || head.filter((byte) => byte === 0).length > head.length / 4;
}

/**
 * Whether well-formed UTF-8 is more likely UTF-16 without a byte order mark: every second byte, or most of them, is one
 * of the first control characters, as the upper halves of Latin, Greek, Cyrillic, Hebrew and Arabic letters are, and
 * hardly any other byte is. `head` is the start of the text.
 */
export function looksLikeUnmarkedUtf16(head: Uint8Array): boolean {
  const pairs = Math.floor(head.length / 2);
  if (pairs < 2) return false;
  const upperHalves = [0, 1].map((first) => countUpperHalves(head, first));
  return Math.max(...upperHalves) > 0.7 * pairs && Math.min(...upperHalves) < 0.1 * pairs;
}

/** How many of every second byte from `first` on are below a tab. */
function countUpperHalves(head: Uint8Array, first: number): number {
  let count = 0;
  for (let at = first; at < head.length; at += 2) if (head[at]! < 0x09) count += 1;
  return count;
}
