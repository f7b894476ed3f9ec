/** The next tokens of a sequence. */
export interface NewTokens {
  /** At least one. */
  tokens: Int32Array;
  /** [tokens, vocabulary], row-major: what they were drawn from, before all rules; empty where they were not asked for. */
  logits: Float32Array;
  /** Whether these were the last ones that were asked for; the sequence is no longer decoded then. */
  finished: boolean;
}
