import { sharedBytes } from '../decoding/thread-messages.js';
import { Scheduler } from '../decoding/scheduler.js';
import { threadPlan } from '../decoding/thread-plan.js';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import type { SessionOptions } from '../onnx/open-session.js';
import type { Decoder } from '../sampling/decoder.js';
import { TableDecoder } from '../sampling/table-decoder.js';
import { WindowDecoder } from '../sampling/window-decoder.js';
import type { ModelFolder } from './model-folder.js';

/** The ways in which a model is decoded. */
export interface OpenDecoders {
  /** The fastest one. */
  restarting: Decoder;
  /** The one whose window slides; the same where that is no slower. */
  sliding: Decoder;
  /** How often the model's files are in memory. */
  copies: number;
  close: () => Promise<void>;
}

/** Opens a model's graphs as its kind is decoded. Throws `DeviceUnavailableError`. */
export async function openDecoders(
  { manifest, onnx, decodingOnnx }: ModelFolder,
  options: SessionOptions,
): Promise<OpenDecoders> {
  const { vocabularySize } = manifest;
  const { kind, blockSize } = manifest.model;
  const sizes = { vocabularySize, blockSize };
  if (decodingOnnx !== undefined) {
    const plan = threadPlan(decodingOnnx.byteLength, options);
    const graphs = { onnx: sharedBytes(onnx), decodingOnnx: sharedBytes(decodingOnnx) };
    const decoder = await Scheduler.open({ ...plan, ...graphs, ...sizes, device: options.device });
    return {
      restarting: decoder,
      sliding: new WindowDecoder(decoder.logits, sizes),
      copies: 1 + plan.decodingThreads,
      close: async () => await decoder.close(),
    };
  }
  const model = await LanguageModelSession.open(onnx, options);
  const decoder =
    kind === 'bigram'
      ? new TableDecoder(await everyRow(model, vocabularySize), vocabularySize)
      : new WindowDecoder(model.logits, sizes);
  return { restarting: decoder, sliding: decoder, copies: 1, close: async () => await model.close() };
}

/** The logits after every token, in one run: [1, V, V]. */
async function everyRow(model: LanguageModelSession, vocabularySize: number): Promise<Float32Array> {
  const everyToken = Int32Array.from({ length: vocabularySize }, (_, id) => id);
  return model.logits(everyToken, 1, vocabularySize);
}
