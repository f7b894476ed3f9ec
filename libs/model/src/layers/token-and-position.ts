import { gatherRows, type Tensor2D } from '@glyphmill/tensorflow';
import { embeddingOnnx } from './embedding.js';
import type { ForwardPass } from './forward-pass.js';
import type { OnnxPass } from './onnx-pass.js';
import { NORMAL_START, type WeightPlan } from './weight-plan.js';

/** The names of the two tables. */
export interface EmbeddingNames {
  tokens: string;
  positions: string;
}

export interface EmbeddingShape {
  vocabularySize: number;
  blockSize: number;
  nEmbd: number;
}

export function tokenAndPositionPlan(
  { tokens, positions }: EmbeddingNames,
  { vocabularySize, blockSize, nEmbd }: EmbeddingShape,
): WeightPlan {
  return {
    [tokens]: { shape: [vocabularySize, nEmbd], axes: ['vocabulary', 'feature'], start: NORMAL_START },
    [positions]: { shape: [blockSize, nEmbd], axes: ['position', 'feature'], start: NORMAL_START },
  };
}

/** What a token is plus where it stands: ids [B, T] → [B·T, C], with dropout. */
export function tokenAndPosition(pass: ForwardPass, names: EmbeddingNames, ids: Tensor2D): Tensor2D {
  const tokens = gatherRows(pass.tensorflow, pass.matrix(names.tokens), ids); // [B, T, C]
  const table = pass.matrix(names.positions); // [block, C]
  const [blockSize, width] = table.shape;
  const positions = pass.length === blockSize ? table : table.slice([0, 0], [pass.length, width]); // [T, C]
  return pass.dropout(tokens.add(positions).reshape<Tensor2D>([pass.batchSize * pass.length, width]));
}

/** The same in ONNX: → [B, T, C], or [B, C] if there is one token per sequence. */
export function tokenAndPositionOnnx(pass: OnnxPass, names: EmbeddingNames): string {
  const { graph } = pass;
  const tokens = embeddingOnnx(graph, pass.weight(names.tokens), pass.rowIds); // [B, T, C] or [B, C]
  const positions = embeddingOnnx(graph, pass.weight(names.positions), pass.positions()); // [T, C], or as the tokens
  return graph.node('Add', [tokens, positions]);
}
