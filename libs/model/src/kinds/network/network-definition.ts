import { OnnxPass } from '../../layers/onnx-pass.js';
import { OnnxGraph } from '../../onnx/onnx-graph.js';
import type { Weights } from '../../weights/weights.js';
import type { ModelDefinition } from '../model-definition.js';
import { NetworkLearner } from './network-learner.js';
import type { Network } from './network.js';
import { startPlanned } from './planned-weights.js';

/** How a network is started, trained and exported: alike for all kinds that are made of layers. */
export function networkDefinition(network: Network): ModelDefinition {
  return {
    initialWeights: (vocabularySize, random) => startPlanned(network.plan(vocabularySize), random),
    createLearner: (tensorflow, weights, training) => new NetworkLearner(tensorflow, network, weights, training),
    onnx: (weights) => networkOnnx(network, weights),
    huggingFaceConfig: (vocabularySize) => network.huggingFaceConfig(vocabularySize),
    publishedWeights: (weights) => network.publishedWeights?.(weights) ?? weights,
  };
}

function networkOnnx(network: Network, weights: Weights): Uint8Array {
  const graph = new OnnxGraph('language-model');
  const logits = network.logitsOnnx(new OnnxPass(graph, weights));
  graph.output(logits, 'float', ['batch', 'sequence', 'vocabulary']);
  return graph.encode();
}
