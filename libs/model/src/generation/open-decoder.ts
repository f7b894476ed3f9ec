import type { ModelManifest } from '../config/index.js';
import type { LanguageModelSession } from '../onnx/language-model-session.js';
import type { Decoder } from '../sampling/decoder.js';
import { TableDecoder } from '../sampling/table-decoder.js';
import { WindowDecoder } from '../sampling/window-decoder.js';

/** The fastest way to decode a kind of model. */
export async function openDecoder(manifest: ModelManifest, session: LanguageModelSession): Promise<Decoder> {
  const { model, vocabularySize } = manifest;
  if (model.kind !== 'bigram') {
    return new WindowDecoder(session.logits, { vocabularySize, blockSize: model.blockSize });
  }
  // The logits after every token, in one run: [1, V, V].
  const everyToken = Int32Array.from({ length: vocabularySize }, (_, id) => id);
  return new TableDecoder(await session.logits(everyToken, 1, vocabularySize), vocabularySize);
}
