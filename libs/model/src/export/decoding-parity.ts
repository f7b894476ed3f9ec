import { RandomStream } from '@glyphmill/data';
import { ContinuousDecoder } from '../decoding/continuous-decoder.js';
import { CHUNK_TOKENS } from '../decoding/running-batch.js';
import type { DecodingModel } from '../decoding/decoding-session.js';
import { DecodingSession } from '../decoding/decoding-session.js';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import type { TrainedModel } from '../training/trained-model.js';
import { CHECK_SESSION, requireEqual } from './parity.js';

/** The end of one chunk, a whole one, and the start of a third. */
const NEW_TOKENS = 2 * CHUNK_TOKENS + 1;

/** As a share of the largest logit. Six wide layers with large weights, without a fault, came to a fifteenth of it. */
const TOLERANCE = 1e-4;

/**
 * Lets the decoding graph write after a single token and after half a block, and compares the logits that it drew from
 * with those that model.onnx, which was compared with TensorFlow, has for the same tokens. Throws `ParityError`.
 */
export async function checkDecodingParity(
  { model: { blockSize }, tokenizer: { vocabularySize } }: Pick<TrainedModel, 'model' | 'tokenizer'>,
  { onnx, decodingOnnx }: { onnx: Uint8Array; decodingOnnx: Uint8Array },
): Promise<void> {
  const model = await LanguageModelSession.open(onnx, CHECK_SESSION);
  try {
    const decoding = await DecodingSession.open(decodingOnnx, CHECK_SESSION);
    try {
      for (const length of [1, Math.floor(blockSize / 2) + 1]) {
        const context = Int32Array.from({ length }, (_, at) => at % vocabularySize);
        await checkContinuation({ model, decoding, blockSize, vocabularySize, batchSize: 1 }, context);
      }
    } finally {
      await decoding.close();
    }
  } finally {
    await model.close();
  }
}

async function checkContinuation(model: DecodingModel, context: Int32Array): Promise<void> {
  const decoder = new ContinuousDecoder(model);
  const random = new RandomStream(1).state();
  const maxNewTokens = Math.min(NEW_TOKENS, model.blockSize + 1 - context.length);
  const sampling = { temperature: 1, topK: 0, topP: 1 };
  decoder.add({ id: 0, context, random, sampling, maxNewTokens, withLogits: true });
  const text = [...context];
  const drawnFrom: number[] = [];
  while (decoder.size > 0) {
    await decoder.run((taken) => {
      for (const { tokens, logits } of taken.values()) {
        text.push(...tokens);
        for (const logit of logits) drawnFrom.push(logit);
      }
    });
  }
  const seen = Int32Array.from(text.slice(0, -1)); // nothing was drawn from the logits after the last
  const expected = await model.model.logits(seen, 1, seen.length);
  requireEqual(expected.subarray(-drawnFrom.length), Float32Array.from(drawnFrom), TOLERANCE);
}
