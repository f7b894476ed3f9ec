import type { CharacterTokenizer } from '@glyphmill/data';
import type { ModelConfig, TrainingConfig } from '../config/index.js';
import type { Learner } from '../learner/learner.js';
import type { YieldToEventLoop } from '../yield-to-event-loop.js';
import { decodedTokens } from '../sampling/decoded-tokens.js';
import { startSequence } from '../sampling/sequence.js';
import { WindowDecoder } from '../sampling/window-decoder.js';

/** Characters of a sample. */
const SAMPLE_TOKENS = 200;

/**
 * Lets a model in training write a text: what generation by the sliding window yields for the empty prompt and the
 * training's seed.
 */
export async function writeSample(
  learner: Learner,
  tokenizer: CharacterTokenizer,
  {
    model,
    training,
    yieldToEventLoop,
  }: { model: ModelConfig; training: TrainingConfig; yieldToEventLoop: YieldToEventLoop },
): Promise<string> {
  const { vocabularySize } = tokenizer;
  const logits = (ids: Int32Array, rows: number, columns: number) => learner.logits(ids, rows, columns);
  const decoder = new WindowDecoder(logits, { vocabularySize, blockSize: model.blockSize });
  const sequence = startSequence(new Int32Array(0), { seed: training.seed, promptIndex: 0, sampleIndex: 0 });
  const sampling = { temperature: 1, topK: 0, topP: 1 };
  const options = { maxNewTokens: SAMPLE_TOKENS, sampling, yieldToEventLoop };
  const [tokens] = await decodedTokens(decoder, [sequence], options);
  return tokenizer.decode(tokens!);
}
