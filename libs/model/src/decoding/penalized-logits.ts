import type { OnnxGraph } from '../onnx/onnx-graph.js';

/** What the repetition penalty needs, by the names of the values. */
export interface PenaltyValues {
  /** float [B, 1], above 0; 1 is off. */
  penalty: string;
  /** Whether any row has a penalty: bool []. */
  anyPenalty: string;
}

/**
 * Writes the repetition penalty of sampling/logits-processor.ts: float [B, V] → float [B, V]. `seen`, bool [B, V], are the
 * tokens that each row had before its newest one, int64 [B]; it is given with that one for the next step. If no row has
 * a penalty logits and `seen`, which may have any shape then, stay as they are.
 */
export function penalizedLogitsOnnx(
  graph: OnnxGraph,
  { logits, seen, newest, penalty, anyPenalty }: PenaltyValues & { logits: string; seen: string; newest: string },
): { logits: string; seen: string } {
  const some = graph.subgraph('penalty');
  const vocabulary = some.node('Squeeze', [some.node('Shape', [logits], { start: { i: 1 }, end: { i: 2 } })]);
  const ids = some.node('Range', [some.integer(0), vocabulary, some.integer(1)]); // [V]
  const isNewest = some.node('Equal', [ids, some.node('Unsqueeze', [newest, some.integers([1])])]); // [B, V]
  const withNewest = some.node('Or', [seen, isNewest]);
  const isNegative = some.node('Less', [logits, some.number(0)]);
  const penalized = some.node('Where', [
    isNegative,
    some.node('Mul', [logits, penalty]),
    some.node('Div', [logits, penalty]),
  ]);
  some.output(some.node('Where', [withNewest, penalized, logits]), 'float', ['rows', 'vocabulary']);
  some.output(withNewest, 'bool', ['rows', 'seen']);
  const none = graph.subgraph('no_penalty');
  none.output(none.node('Identity', [logits]), 'float', ['rows', 'vocabulary']);
  none.output(none.node('Identity', [seen]), 'bool', ['rows', 'seen']);
  const branches = { then_branch: { g: some }, else_branch: { g: none } };
  const [penalizedLogits, seenNow] = graph.nodes('If', [anyPenalty], branches, 2);
  return { logits: penalizedLogits!, seen: seenNow! };
}
