import type { Device } from '../onnx/open-session.js';
import type { NewTokens } from '../sampling/decoder.js';
import type { DecodingRequest } from './decoding-request.js';
import type { ThreadPlan } from './thread-plan.js';

/** What a decoding thread is started with. */
export interface ThreadSettings extends ThreadPlan {
  device: Device;
  /** The bytes of model.onnx and decoding.onnx, which all threads share. */
  onnx: SharedArrayBuffer;
  decodingOnnx: SharedArrayBuffer;
  blockSize: number;
  vocabularySize: number;
}

/** What a thread gets beside its settings. */
export interface ThreadData extends ThreadSettings {
  /** The cell of its NativeWork. */
  nativeWork: SharedArrayBuffer;
}

export type ThreadCommand =
  | { type: 'add'; request: DecodingRequest }
  | { type: 'remove'; id: number }
  | { type: 'logits'; question: number; ids: Int32Array; rows: number; columns: number }
  | { type: 'close' };

export type ThreadReport =
  | { type: 'open'; batchSize: number }
  | { type: 'tokens'; taken: ReadonlyMap<number, NewTokens> }
  | { type: 'logits'; question: number; logits: Float32Array };

/** The same bytes where all threads can read them. */
export function sharedBytes(bytes: Uint8Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}
