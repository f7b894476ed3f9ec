import { decodingOnnx } from '../../decoding/decoding-graph.js';
import { OnnxGraph } from '../../onnx/onnx-graph.js';
import type { Weights } from '../../weights/weights.js';
import type { ModelDefinition } from '../model-definition.js';
import type { Network } from './network.js';
import { networkTrainable } from './network-trainable.js';

/** How a network is started, trained and exported: alike for all kinds that are made of layers. */
export function networkDefinition(network: Network): ModelDefinition {
  return {
    plan: (vocabularySize) => network.plan(vocabularySize),
    trainable: () => networkTrainable(network),
    onnx: (weights) => networkOnnx(network, weights),
    decodingOnnx: (weights) => networkDecodingOnnx(network, weights),
    huggingFaceConfig: (vocabularySize) => network.huggingFaceConfig(vocabularySize),
    publishedWeights: (weights) => network.publishedWeights?.(weights) ?? weights,
  };
}

function networkOnnx(network: Network, weights: Weights): Uint8Array {
  const graph = new OnnxGraph('language-model');
  network.logitsOnnx(graph, weights);
  return graph.encode();
}

function networkDecodingOnnx({ decoding, blockSize }: Network, weights: Weights): Uint8Array | undefined {
  return decoding && decodingOnnx(weights, { ...decoding, blockSize });
}
