import type { RandomStreamState } from '@glyphmill/data';
import type { Device } from '../onnx/open-session.js';
import type { SamplingRules } from '../sampling/sampling-rules.js';
import type { NewTokens } from '../sampling/new-tokens.js';
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

/** A sequence as a thread is given it; the nth one is known by the number n − 1 on both sides. */
export interface ThreadOrder {
  /** The end of the text so far, as much as the decoding looks at. */
  context: Int32Array;
  /** The distinct tokens of the whole text so far, if the rules depend on them. */
  before: Int32Array | undefined;
  random: RandomStreamState;
  sampling: SamplingRules;
  maxNewTokens: number;
  withLogits: boolean;
  isStreamed: boolean;
}

export type ThreadCommand =
  | ({ type: 'add' } & ThreadOrder)
  | { type: 'remove'; id: number }
  | { type: 'logits'; request: number; ids: Int32Array; rows: number; columns: number }
  | { type: 'close' };

export type ThreadReport =
  | { type: 'open'; groupSize: number }
  | { type: 'tokens'; taken: ReadonlyMap<number, NewTokens> }
  | { type: 'logits'; request: number; logits: Float32Array };
