import type { BigramConfig } from '../../config/index.js';
import type { ModelDefinition } from '../model-definition.js';
import { bigramOnnx, bigramPlan } from './bigram.js';
import { bigramTrainable } from './bigram-trainable.js';

export function bigramDefinition(config: BigramConfig): ModelDefinition {
  return {
    plan: bigramPlan,
    trainable: (vocabularySize) => bigramTrainable(config, vocabularySize),
    onnx: bigramOnnx,
    decodingOnnx: () => undefined,
    huggingFaceConfig: (vocabularySize) => ({
      model_type: 'glyphmill-bigram',
      vocab_size: vocabularySize,
      block_size: config.blockSize,
    }),
    publishedWeights: (weights) => weights,
  };
}
