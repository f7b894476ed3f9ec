/** Ids of tokens, in as few bytes as they fit in. */
export type TokenArray = Uint8Array | Uint16Array | Int32Array;

/**
 * The same ids in as few bytes each as a vocabulary of this size needs. Batches start at random places of a long text, and
 * what they find there must come from the processor's cache to be fast.
 */
export function compactTokens(tokens: Int32Array, vocabularySize: number): TokenArray {
  if (vocabularySize <= 0x100) return Uint8Array.from(tokens);
  return vocabularySize <= 0x10000 ? Uint16Array.from(tokens) : tokens;
}
