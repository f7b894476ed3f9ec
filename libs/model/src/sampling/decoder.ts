import type { SamplingRules } from './sampling-rules.js';
import type { Sequence } from './sequence.js';

/** The next tokens of a sequence. */
export interface NewTokens {
  /** At least one. */
  tokens: Int32Array;
  /** [tokens, vocabulary], row-major: what they were drawn from, before all rules; empty if they were not asked for. */
  logits: Float32Array;
  /** Whether these were the last ones that were asked for; the sequence is no longer decoded then. */
  finished: boolean;
}

export interface DecodingOptions {
  maxNewTokens: number;
  sampling: SamplingRules;
  /** Whether the logits that the tokens were drawn from are wanted. */
  withLogits?: boolean;
  /** Whether somebody waits for every few tokens: they then come in short steps. What is drawn is the same. */
  isStreamed?: boolean;
  /** Called between pieces of work of some milliseconds at most; what it throws ends the decoding. */
  yieldToEventLoop: () => Promise<void>;
  /** The next tokens of a sequence, by its index; those of one sequence in their order. Returns whether it shall continue. */
  onTokens: (index: number, tokens: NewTokens) => boolean;
}

/** Continues with sequences. */
export interface Decoder {
  /** How many sequences it is worth to decode together. */
  readonly batchSize: number;
  /** Draws tokens for each sequence until it has all or is told to end; each draws one uniform number per token from its own stream. */
  decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<void>;
}
