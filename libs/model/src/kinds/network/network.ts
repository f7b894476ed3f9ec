import type { Tensor2D } from '@glyphmill/tensorflow';
import type { CacheShape } from '../../layers/attention-onnx-pass.js';
import type { DecodingOnnxPass } from '../../layers/decoding-onnx-pass.js';
import type { ForwardPass } from '../../layers/forward-pass.js';
import type { WeightPlan } from '../../layers/weight-plan.js';
import type { OnnxGraph } from '../../onnx/onnx-graph.js';
import type { Weights } from '../../weights/weights.js';

/** A kind of model that is made of layers: its weights, and one forward pass in TensorFlow and in ONNX. */
export interface Network {
  readonly blockSize: number;
  /** The share of activations that a training step leaves out. */
  readonly dropout: number;
  plan(vocabularySize: number): WeightPlan;
  /** ids [B, T] → logits of the token after each [B·T, V]. */
  logits(pass: ForwardPass, ids: Tensor2D): Tensor2D;
  /** The same in ONNX: writes the whole graph, its inputs and outputs included. */
  logitsOnnx(graph: OnnxGraph, weights: Weights): void;
  /** One step of decoding, where the kind has attention: writes the layers for one new token per sequence → logits [B, V]. */
  readonly decoding?: { shape: CacheShape; logitsOnnx: (pass: DecodingOnnxPass) => string };
  huggingFaceConfig(vocabularySize: number): Record<string, unknown>;
  /** What model.safetensors holds where that is more than the weights; left out: the weights. */
  publishedWeights?(weights: Weights): Weights;
}
