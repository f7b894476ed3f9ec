import type { LanguageModelSession } from '../onnx/language-model-session.js';
import type { DecodingSession } from './decoding-session.js';

/** A model whose decoding graph is open. */
export interface DecodingModel {
  /** model.onnx, which computes the past of a sequence. */
  model: LanguageModelSession;
  /** decoding.onnx. */
  decoding: DecodingSession;
  blockSize: number;
  vocabularySize: number;
  /** How many sequences are decoded as one batch of the graph (group-size.ts). */
  groupSize: number;
}
