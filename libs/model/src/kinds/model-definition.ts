import type { RandomStream } from '@glyphmill/data';
import type { TensorFlow } from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../config/index.js';
import type { Weights } from '../weights/weights.js';
import type { Learner } from './learner.js';

/** All that differs from one kind of model to another. A kind is a folder that gives this for its configuration. */
export interface ModelDefinition {
  initialWeights(vocabularySize: number, random: RandomStream): Weights;
  /** A learner that goes on from `weights`, which it copies. */
  createLearner(tensorflow: TensorFlow, weights: Weights, training: TrainingConfig): Learner;
  /** The bytes of model.onnx: `input_ids` int64 [batch, sequence] → `logits` float [batch, sequence, vocabulary]. */
  onnx(weights: Weights): Uint8Array;
  /** config.json, as Hugging Face's libraries expect it where they know the kind. */
  huggingFaceConfig(vocabularySize: number): Record<string, unknown>;
  /** What model.safetensors holds. */
  publishedWeights(weights: Weights): Weights;
}
