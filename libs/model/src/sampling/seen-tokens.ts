/** Which tokens a text has, for each of the vocabulary: 1 where it has it, else 0. */
export type SeenTokens = Uint8Array;

export function seenTokens(tokens: Int32Array, vocabularySize: number): SeenTokens {
  const seen = new Uint8Array(vocabularySize);
  see(seen, tokens);
  return seen;
}

/** The tokens that a text has, each once. */
export function distinctTokens(tokens: Int32Array, vocabularySize: number): Int32Array {
  const ids: number[] = [];
  for (const [id, isSeen] of seenTokens(tokens, vocabularySize).entries()) if (isSeen === 1) ids.push(id);
  return Int32Array.from(ids);
}

/** Adds the next tokens of the text. */
export function see(seen: SeenTokens, tokens: Int32Array): void {
  for (const token of tokens) seen[token] = 1;
}
