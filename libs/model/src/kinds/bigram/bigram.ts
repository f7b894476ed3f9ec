import type { Tensor2D, Tensor3D, TensorFlow } from '@glyphmill/tensorflow';
import { embedding, embeddingOnnx } from '../../layers/embedding.js';
import { BATCH, SEQUENCE } from '../../layers/sequence-onnx-pass.js';
import type { WeightPlan } from '../../layers/weight-plan.js';
import { OnnxGraph } from '../../onnx/onnx-graph.js';
import { weightNamed, type Weights } from '../../weights/weights.js';

/** The name of the table, a bigram's only weight: [V, V], the logits of the next token after each token. */
export const TABLE = 'token_embedding_table.weight';

/** N(0, 1), as PyTorch's embeddings start. */
export function bigramPlan(vocabularySize: number): WeightPlan {
  return {
    [TABLE]: {
      shape: [vocabularySize, vocabularySize],
      axes: ['vocabulary', 'vocabulary'],
      start: { standardDeviation: 1 },
    },
  };
}

/**
 * The next token depends on the last one only: its logits are a row of the table.
 *
 *     ids [B, T] → row of the table [V, V] for each → logits [B, T, V]
 */
export function bigramLogits(tensorflow: TensorFlow, table: Tensor2D, ids: Tensor2D): Tensor3D {
  return embedding(tensorflow, table, ids);
}

/** The same in ONNX: the bytes of model.onnx. */
export function bigramOnnx(weights: Weights): Uint8Array {
  const table = weightNamed(weights, TABLE);
  const graph = new OnnxGraph('bigram');
  const ids = graph.input('input_ids', 'int64', [BATCH, SEQUENCE]); // [B, T]
  const logits = embeddingOnnx(graph, graph.initializer(TABLE, table), ids, 'logits'); // [B, T, V]
  graph.output(logits, 'float', [BATCH, SEQUENCE, table.shape[1]!]);
  return graph.encode();
}
