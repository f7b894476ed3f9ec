import type { OnnxGraph } from '../onnx/onnx-graph.js';
import { ELEMENT_TYPE } from '../onnx/onnx-schema.js';

/** The rules of each row of a batch, by the names of their values. */
export interface DrawingRules {
  /** float [B, 1], above 0. */
  temperature: string;
  /** int64 [B, 1]: draw from the k likeliest tokens; 0 is all. */
  topK: string;
  /** float [B, 1]: draw from the likeliest tokens that have this much probability; 1 is all. */
  topP: string;
}

/** The rules, and what is the same for them in all steps. */
export interface DrawingValues extends DrawingRules {
  /** bool [B, 1]. */
  hasTopK: string;
  /** bool [B, 1]. */
  hasTopP: string;
  /** Where the kth of a row's likeliest stands among them: int64 [B, 1]. */
  lastOfTopK: string;
  /** Whether any row has a top-p: bool []. */
  anyTopP: string;
  /** The largest k of a row, at least 1: int64 [1]. */
  largestTopK: string;
}

/** Writes what follows from the rules alone. */
export function drawingValuesOnnx(graph: OnnxGraph, rules: DrawingRules): DrawingValues {
  const { topK, topP } = rules;
  const largestTopK = graph.node('Reshape', [
    graph.node('ReduceMax', [topK], { keepdims: { i: 0 } }),
    graph.integers([1]),
  ]);
  const smallestTopP = graph.node('ReduceMin', [topP], { keepdims: { i: 0 } }); // []
  return {
    ...rules,
    hasTopK: graph.node('Greater', [topK, graph.integer(0)]),
    hasTopP: graph.node('Less', [topP, graph.number(1)]),
    lastOfTopK: graph.node('Max', [graph.node('Sub', [topK, graph.integer(1)]), graph.integer(0)]),
    anyTopP: graph.node('Less', [smallestTopP, graph.number(1)]),
    largestTopK: graph.node('Max', [largestTopK, graph.integer(1)]),
  };
}

/**
 * Draws a token from the logits of each row, in single precision: float [B, V] → int64 [B]. The rules are those of
 * sampling/logits-processor.ts in the same order, but for tokens that are as likely as the last one that top-p leaves:
 * all of them stay. `uniform`, float [B, 1], must be a whole number of 2⁻²³ between 2⁻²³ and 1 − 2⁻²³: rounding then
 * cannot draw a token that has no probability.
 */
export function sampledTokenOnnx(
  graph: OnnxGraph,
  { logits, uniform, ...values }: DrawingValues & { logits: string; uniform: string },
): string {
  const [lastAxis, out] = [graph.integers([1]), graph.number(-Infinity)];
  // The least temperature (graph-rules.ts) makes an infinity of no logit below 3·10³².
  const tempered = graph.node('Div', [logits, values.temperature]); // [B, V]
  const threshold = thresholdOnnx(graph, tempered, values); // [B, 1]
  const left = graph.node('Where', [graph.node('Less', [tempered, threshold]), out, tempered]); // [B, V]
  const shares = graph.node('Softmax', [left], { axis: { i: 1 } });
  const cumulative = graph.node('CumSum', [shares, graph.integer(1)]); // [B, V]
  const sum = graph.node('Gather', [cumulative, graph.integers([-1])], { axis: { i: 1 } }); // [B, 1]: 1 but for rounding
  const passed = graph.node('LessOrEqual', [cumulative, graph.node('Mul', [uniform, sum])]);
  const counts = graph.node('Cast', [passed], { to: { i: ELEMENT_TYPE.int64 } });
  return graph.node('ReduceSum', [counts, lastAxis], { keepdims: { i: 0 } }); // [B]
}

/**
 * The least that a logit must be for its token to be drawn: float [B, 1], −∞ where a row has no rule. Branches cost more
 * than short operators do: there is one, for top-p, which needs all logits sorted.
 */
function thresholdOnnx(graph: OnnxGraph, tempered: string, values: DrawingValues): string {
  const byTopP = graph.subgraph('top_p');
  byTopP.output(topPThresholdOnnx(byTopP, tempered, values), 'float', ['rows', 1]);
  const byTopK = graph.subgraph('top_k');
  const [likeliest] = byTopK.nodes('TopK', [tempered, values.largestTopK], { axis: { i: 1 } }, 2);
  byTopK.output(topKThresholdOnnx(byTopK, likeliest!, values), 'float', ['rows', 1]);
  return graph.node('If', [values.anyTopP], { then_branch: { g: byTopP }, else_branch: { g: byTopK } });
}

/** The kth largest logit; `sorted` float [B, K], the largest first. */
function topKThresholdOnnx(graph: OnnxGraph, sorted: string, { hasTopK, lastOfTopK }: DrawingValues): string {
  const kth = graph.node('GatherElements', [sorted, lastOfTopK], { axis: { i: 1 } }); // [B, 1]
  return graph.node('Where', [hasTopK, kth, graph.number(-Infinity)]);
}

/** The smallest logit of those that make up p, among those that top-k leaves; or top-k's where a row has no top-p. */
function topPThresholdOnnx(graph: OnnxGraph, tempered: string, values: DrawingValues): string {
  const vocabulary = graph.node('Shape', [tempered], { start: { i: 1 }, end: { i: 2 } }); // [1]
  const [sorted] = graph.nodes('TopK', [tempered, vocabulary], { axis: { i: 1 } }, 2); // [B, V]
  const out = graph.number(-Infinity);
  const byTopK = topKThresholdOnnx(graph, sorted!, values); // [B, 1]
  const left = graph.node('Where', [graph.node('Less', [sorted!, byTopK]), out, sorted!]);
  const shares = graph.node('Softmax', [left], { axis: { i: 1 } });
  const before = graph.node('CumSum', [shares, graph.integer(1)], { exclusive: { i: 1 } }); // 0 for the likeliest
  const inside = graph.node('Cast', [graph.node('Less', [before, values.topP])], { to: { i: ELEMENT_TYPE.int64 } });
  const count = graph.node('ReduceSum', [inside, graph.integers([1])], { keepdims: { i: 1 } }); // [B, 1], from 1
  const last = graph.node('Sub', [count, graph.integer(1)]);
  const byTopP = graph.node('GatherElements', [sorted!, last], { axis: { i: 1 } });
  return graph.node('Max', [byTopK, graph.node('Where', [values.hasTopP, byTopP, out])]);
}
