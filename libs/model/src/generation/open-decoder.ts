import type { ModelManifest } from '../config/index.js';
import { SharedDecoder } from '../decoding/shared-decoder.js';
import type { DecodingSession } from '../decoding/decoding-session.js';
import { groupSize } from '../decoding/group-size.js';
import type { LanguageModelSession } from '../onnx/language-model-session.js';
import type { SessionOptions } from '../onnx/open-session.js';
import type { Decoder } from '../sampling/decoder.js';
import { TableDecoder } from '../sampling/table-decoder.js';
import { WindowDecoder } from '../sampling/window-decoder.js';

/** The graphs of a model, open in ONNX Runtime. */
export interface OpenGraphs {
  /** model.onnx. */
  model: LanguageModelSession;
  /** decoding.onnx, where the folder has one. */
  decoding: DecodingSession | undefined;
}

/** The fastest way to decode a kind of model. */
export async function openDecoder(
  manifest: ModelManifest,
  { model, decoding }: OpenGraphs,
  options: SessionOptions,
): Promise<Decoder> {
  const { vocabularySize } = manifest;
  const { kind, blockSize } = manifest.model;
  if (kind === 'bigram') return new TableDecoder(await everyRow(model, vocabularySize), vocabularySize);
  if (decoding === undefined) return new WindowDecoder(model.logits, { vocabularySize, blockSize });
  const together = groupSize(decoding.sizes, blockSize, options);
  return new SharedDecoder({ model, decoding, blockSize, vocabularySize, groupSize: together });
}

/** The logits after every token, in one run: [1, V, V]. */
async function everyRow(model: LanguageModelSession, vocabularySize: number): Promise<Float32Array> {
  const everyToken = Int32Array.from({ length: vocabularySize }, (_, id) => id);
  return model.logits(everyToken, 1, vocabularySize);
}
