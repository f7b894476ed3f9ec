import type { Trainable } from '../learner/trainable.js';
import type { WeightPlan } from '../layers/weight-plan.js';
import type { Weights } from '../weights/weights.js';

/** All that differs from one kind of model to another. A kind is a folder that yields this for its configuration. */
export interface ModelDefinition {
  /** The weights that a model over so many tokens has, and how they start. */
  plan(vocabularySize: number): WeightPlan;
  /** What a learner learns of it. */
  trainable(vocabularySize: number): Trainable;
  /**
   * The bytes of model.onnx: `input_ids` int64 [batch, sequence] → `logits` float [batch, sequence, vocabulary]. Kinds with
   * attention also take a mask and a past, and give the present (AttentionOnnxPass).
   */
  onnx(weights: Weights): Uint8Array;
  /** The bytes of decoding.onnx (decoding-graph.ts); undefined for kinds without attention. */
  decodingOnnx(weights: Weights): Uint8Array | undefined;
  /** config.json, as Hugging Face's libraries expect it where they know the kind. */
  huggingFaceConfig(vocabularySize: number): Record<string, unknown>;
  /** What model.safetensors holds; those of the plan are among them. */
  publishedWeights(weights: Weights): Weights;
}
