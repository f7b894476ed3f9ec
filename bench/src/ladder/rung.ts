import type { ModelConfig } from '@glyphmill/model/config';

/** One kind of model of the ladder and what its training came to. Losses are in nats per token. */
export interface Rung {
  kind: ModelConfig['kind'];
  parameters: number;
  steps: number;
  /** A step's median time. */
  stepMs: number;
  trainLoss: number;
  validationLoss: number;
  /** Of the validation split: how far it could be compressed. */
  bitsPerByte: number;
  /** Evaluations on the way, and tokens seen before each. */
  curve: { tokens: number; validationLoss: number }[];
}
