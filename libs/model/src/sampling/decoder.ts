import type { SamplingRules } from './logits-processor.js';
import type { Sequence } from './sequence.js';

export interface DecodingOptions {
  maxNewTokens: number;
  sampling: SamplingRules;
  /** Called between pieces of work of some milliseconds at most; what it throws ends the decoding. */
  breathe: () => Promise<void>;
}

/** Goes on with sequences. */
export interface Decoder {
  /** How many sequences it is worth to decode together. */
  readonly batchSize: number;
  /** The new tokens of each sequence; each draws one uniform number a token from its own stream. */
  decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<Int32Array[]>;
}
