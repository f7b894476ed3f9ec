/** What a sequence got in one run. */
export interface NewTokens {
  /** 1 to 16 of them. */
  tokens: Int32Array;
  /** [tokens, vocabulary], row-major: what they were drawn from, before all rules; empty where they were not asked for. */
  logits: Float32Array;
  /** Whether these were the last ones; the sequence is no longer decoded then. */
  finished: boolean;
}
