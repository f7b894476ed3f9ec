import type { BigramConfig } from '../../config/index.js';
import { weightNamed } from '../../weights/weights.js';
import type { ModelDefinition } from '../model-definition.js';
import { bigramOnnx, initialWeights, TABLE } from './bigram.js';
import { BigramLearner } from './bigram-learner.js';

export function bigramDefinition(config: BigramConfig): ModelDefinition {
  return {
    initialWeights,
    createLearner: (tensorflow, weights, training) =>
      new BigramLearner(tensorflow, weightNamed(weights, TABLE), training),
    onnx: bigramOnnx,
    huggingFaceConfig: (vocabularySize) => ({
      model_type: 'glyphmill-bigram',
      vocab_size: vocabularySize,
      block_size: config.blockSize,
    }),
    publishedWeights: (weights) => weights,
  };
}
