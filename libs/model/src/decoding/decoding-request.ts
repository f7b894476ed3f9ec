import type { RandomStreamState } from '@glyphmill/data';
import type { DecodingOptions } from '../sampling/decoder.js';
import { hasPenalty, type SamplingRules } from '../sampling/sampling-rules.js';
import { distinctTokens } from '../sampling/seen-tokens.js';
import type { Sequence } from '../sampling/sequence.js';
import { windowLength } from './decoding-window.js';

/** One sequence to decode, carried as it is from whoever asks to its row in a running batch, and from thread to thread. */
export interface DecodingRequest {
  /** Chosen by whoever asks; no other sequence that is being decoded there has it. */
  id: number;
  /** The end of the text so far, at least one token: as much as decoding looks at. */
  context: Int32Array;
  /** The tokens of the whole text so far, if the rules depend on them and the context has not all of it. */
  seen?: Int32Array | undefined;
  /** The sequence's own random numbers. */
  random: RandomStreamState;
  sampling: SamplingRules;
  maxNewTokens: number;
  /** Whether the logits that the tokens were drawn from are wanted. */
  withLogits?: boolean;
  /** Whether somebody waits for its tokens: while one is decoded, the runs of all are short. */
  isStreamed?: boolean;
}

/** The request for a sequence. A prompt may be megabytes, and each of its samples is a request: only what is looked at travels. */
export function decodingRequest(
  id: number,
  { context, random }: Sequence,
  {
    sampling,
    maxNewTokens,
    withLogits = false,
    isStreamed = false,
  }: Omit<DecodingOptions, 'onTokens' | 'yieldToEventLoop'>,
  { blockSize, vocabularySize }: { blockSize: number; vocabularySize: number },
): DecodingRequest {
  const { temperature, topK, topP, repetitionPenalty = 1 } = sampling;
  const rules = { temperature, topK, topP, repetitionPenalty };
  return {
    id,
    context: context.slice(-windowLength(context.length, blockSize)),
    seen: hasPenalty(rules) ? distinctTokens(context, vocabularySize) : undefined,
    random: random.state(),
    sampling: rules,
    maxNewTokens,
    withLogits,
    isStreamed,
  };
}
