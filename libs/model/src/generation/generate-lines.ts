import { UnknownCharacterError, type CharacterTokenizer } from '@glyphmill/data';
import type { FailedLine, GeneratedLine, OutputLine, SamplingConfig } from '../config/index.js';
import type { Decoder, DecodingOptions } from '../sampling/decoder.js';
import { startSequence, type Sequence } from '../sampling/sequence.js';
import { GrowingText } from './growing-text.js';
import { LogprobsRecord } from './logprobs-record.js';
import { GrowthReport, type TextGrowth } from './text-growth.js';

const PROGRESS_INTERVAL_MS = 100;

/**
 * A prompt with its place in the whole job, so that a part of a job has the lines that the whole would. One that could
 * not be read has the reason instead of a text, and becomes lines with that error.
 */
export type Prompt = { promptIndex: number; text: string } | { promptIndex: number; error: FailedLine['error'] };

/** How far a generation is, in sequences (a sequence is one sample of one prompt), and in new tokens. */
export interface GenerationCounts {
  done: number;
  failed: number;
  tokens: number;
}

export interface LineGeneration {
  prompts: readonly Prompt[];
  sampling: SamplingConfig;
  yieldToEventLoop: DecodingOptions['yieldToEventLoop'];
  onSequence: (line: OutputLine) => void | Promise<void>;
  onProgress?: ((counts: GenerationCounts) => void) | undefined;
  onText?: ((growth: TextGrowth) => void) | undefined;
}

/** Where a line stands in the whole job, and what it continues from. */
type Place = Pick<GeneratedLine, 'promptIndex' | 'sampleIndex' | 'prompt'>;

/** A line in the making: one that has failed already, or a sequence to decode. */
type Pending = { failed: FailedLine } | PendingText;

interface PendingText {
  place: Place;
  sequence: Sequence;
  text: GrowingText;
  /** Where they were asked for. */
  logprobs: LogprobsRecord | undefined;
  /** Where somebody wants to see it grow. */
  growth: GrowthReport | undefined;
}

/** Decodes all samples of all prompts, a batch of the decoder's at a time, and hands their lines over in order. */
export async function generateLines(
  tokenizer: CharacterTokenizer,
  decoder: Decoder,
  { prompts, sampling, yieldToEventLoop, onSequence, onProgress, onText }: LineGeneration,
): Promise<GenerationCounts> {
  const counts = { done: 0, failed: 0, tokens: 0 };
  const { maxNewTokens } = sampling;
  const withLogits = sampling.logprobs > 0;
  const isStreamed = onText !== undefined;
  let reportedAtMs = performance.now();
  for (const batch of batches(pendingLines(tokenizer, prompts, sampling, onText), decoder.batchSize)) {
    await yieldToEventLoop();
    const texts = batch.filter((pending) => 'text' in pending);
    const sequences = texts.map(({ sequence }) => sequence);
    const onTokens: DecodingOptions['onTokens'] = (index, newTokens) => {
      const { text, logprobs, growth } = texts[index]!;
      logprobs?.append(newTokens);
      const goesOn = text.append(newTokens.tokens);
      growth?.tell(newTokens.finished);
      return goesOn;
    };
    await decoder.decode(sequences, { maxNewTokens, sampling, withLogits, isStreamed, yieldToEventLoop, onTokens });
    for (const pending of batch) {
      if ('failed' in pending) {
        counts.failed += 1;
        await onSequence(pending.failed);
      } else {
        counts.done += 1;
        counts.tokens += pending.text.tokenCount;
        await onSequence(lineOf(pending, sampling));
      }
    }
    if (performance.now() - reportedAtMs >= PROGRESS_INTERVAL_MS) {
      reportedAtMs = performance.now();
      onProgress?.({ ...counts });
    }
  }
  onProgress?.({ ...counts });
  return counts;
}

function lineOf({ place, text, logprobs }: PendingText, { seed }: SamplingConfig): GeneratedLine {
  return {
    ...place,
    text: text.text,
    tokenCount: text.tokenCount,
    finishReason: text.isStopped ? 'stop' : 'length',
    ...(logprobs && { logprobs: logprobs.of(text.text) }),
    seed,
  };
}

function* pendingLines(
  tokenizer: CharacterTokenizer,
  prompts: readonly Prompt[],
  { samples, seed, stop, logprobs }: SamplingConfig,
  onText: LineGeneration['onText'],
): Generator<Pending> {
  for (const given of prompts) {
    const { promptIndex } = given;
    if ('error' in given) {
      for (let sampleIndex = 0; sampleIndex < samples; sampleIndex += 1) {
        yield { failed: { promptIndex, sampleIndex, prompt: '', error: given.error } };
      }
      continue;
    }
    const { text } = given;
    const encoded = encodePrompt(tokenizer, text);
    for (let sampleIndex = 0; sampleIndex < samples; sampleIndex += 1) {
      const place = { promptIndex, sampleIndex, prompt: text };
      if (encoded instanceof UnknownCharacterError) {
        const { code, message } = encoded;
        yield { failed: { ...place, error: { code, message } } };
      } else {
        const growing = new GrowingText(tokenizer, stop);
        yield {
          place,
          sequence: startSequence(encoded, { seed, promptIndex, sampleIndex }),
          text: growing,
          logprobs: logprobs > 0 ? new LogprobsRecord(tokenizer, logprobs) : undefined,
          growth: onText && new GrowthReport(place, growing, onText),
        };
      }
    }
  }
}

function encodePrompt(tokenizer: CharacterTokenizer, text: string): Int32Array | UnknownCharacterError {
  try {
    return tokenizer.encode(text);
  } catch (error) {
    if (error instanceof UnknownCharacterError) return error;
    throw error;
  }
}

function* batches<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
