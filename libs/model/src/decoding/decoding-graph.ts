import { type CacheShape, type KeysAndValues, MASKED } from '../layers/attention-onnx-pass.js';
import { DecodingOnnxPass } from '../layers/decoding-onnx-pass.js';
import { OnnxGraph } from '../onnx/onnx-graph.js';
import type { WeightArray, Weights } from '../weights/weights.js';
import { cacheNames } from './kv-cache.js';
import { type DrawingValues, drawingValuesOnnx, sampledTokenOnnx } from './sampling-graph.js';
import { penalizedLogitsOnnx, type PenaltyValues } from './penalized-logits.js';

/** The linear layer that yields queries, keys and values, in all kinds with attention. */
const ATTENTION_WEIGHT = /(?:^|\.)c_attn\.(?:weight|bias)$/u;

const BATCH = 'batch_size';
const STEPS = 'steps';

/** A model with attention, as far as its decoding graph depends on it. */
export interface DecodedNetwork {
  blockSize: number;
  shape: CacheShape;
  /** Writes the layers for one new token per sequence: the logits, float [B, V]. */
  logitsOnnx: (pass: DecodingOnnxPass) => string;
}

/**
 * The bytes of decoding.onnx: a chunk of new tokens for each sequence of a batch, the loop over them and the drawing
 * from their logits within the graph.
 *
 *     last_token      int64 [B]               the newest token, which is in neither past nor chunk yet
 *     past_length     int64 [B]               how many tokens are in the past
 *     past.N.key, past.N.value    float [B, H, P, D]   theirs, in slots 0 to past_length − 1; P a multiple of 64
 *     chunk.N.key, chunk.N.value  float [B, H, E, D]   of the E tokens after them, from earlier runs of this chunk; E from 0
 *     uniforms        float [S, B, 1]         a number of (0, 1) for each of the S tokens to draw
 *     temperature     float [B, 1], top_k int64 [B, 1], top_p float [B, 1]     (sampling-graph.ts)
 *     repetition_penalty  float [B, 1], seen bool [B, V]: the tokens before last_token; [B, 0] if no row has a penalty
 *     → tokens        int64 [S, B]
 *       logits        float [S, B, V]         that they were drawn from, before all rules
 *       new.N.key, new.N.value  float [B, H, E + S, D]   the chunk with last_token and all new tokens but the newest
 *
 * The past stays where it is: a step reads it from outside the loop and carries only the keys and values of its chunk.
 * However many runs a chunk is made in, its steps and their bits are the same.
 * The weights lie in the loop's body, so that they are packed once; from outside it products would be slower, and their
 * last bits would depend on the batch's size. A token that would stand beyond the block is computed as if at its end,
 * and means nothing.
 */
export function decodingOnnx(weights: Weights, network: DecodedNetwork): Uint8Array {
  const { nLayer, nHead, nEmbd } = network.shape;
  const graph = new OnnxGraph('decoding');
  const token = graph.input('last_token', 'int64', [BATCH]);
  const pastLength = graph.input('past_length', 'int64', [BATCH]);
  const uniforms = graph.input('uniforms', 'float', [STEPS, BATCH, 1]);
  const drawing = drawingInputs(graph);
  const penalty = graph.input('repetition_penalty', 'float', [BATCH, 1]);
  const seen = graph.input('seen', 'bool', [BATCH, 'seen_tokens']);
  const [pastNames, chunkNames] = [cacheNames('past', nLayer), cacheNames('chunk', nLayer)];
  for (const name of pastNames) graph.input(name, 'float', [BATCH, nHead, 'slots', nEmbd / nHead]);
  for (const name of chunkNames) graph.input(name, 'float', [BATCH, nHead, 'earlier', nEmbd / nHead]);

  const steps = graph.node('Shape', [uniforms], { start: { i: 0 }, end: { i: 1 } }); // [1]
  const slots = graph.node('Shape', [pastNames[0]!], { start: { i: 2 }, end: { i: 3 } }); // [1]: P
  const earlier = graph.node('Shape', [chunkNames[0]!], { start: { i: 2 }, end: { i: 3 } }); // [1]: E
  const outer: OuterValues = {
    uniforms,
    drawing: drawingValuesOnnx(graph, drawing),
    penalty: { penalty, anyPenalty: anyPenaltyOnnx(graph, seen) },
    past: keysAndValues(pastNames),
    positions: positionsOnnx(graph, { steps, earlier, pastLength, blockSize: network.blockSize }),
    pastBias: pastBiasOnnx(graph, { slots, pastLength }),
    lengths: lengthsOnnx(graph, { steps, slots, earlier }),
  };
  const body = stepOnnx(graph, weights, network, outer);

  const newNames = cacheNames('new', nLayer);
  const loopInputs = [graph.node('Squeeze', [steps]), '', token, seen, ...chunkNames];
  graph.nodes('Loop', loopInputs, { body: { g: body } }, ['newest_token', 'all_seen', ...newNames, 'tokens', 'logits']);
  graph.output('tokens', 'int64', [STEPS, BATCH]);
  graph.output('logits', 'float', [STEPS, BATCH, 'vocab_size']);
  for (const name of newNames) graph.output(name, 'float', [BATCH, nHead, 'grown', nEmbd / nHead]);
  return graph.encode();
}

/** What the loop's body reads from outside. */
interface OuterValues {
  uniforms: string;
  drawing: DrawingValues;
  penalty: PenaltyValues;
  past: readonly KeysAndValues[];
  /** int64 [S, B]. */
  positions: string;
  pastBias: string;
  /** int64 [S, 2]. */
  lengths: string;
}

/** The loop's body: (token [B], seen, chunk of each layer) → (next token [B], seen, longer chunks), and token and logits of the step. */
function stepOnnx(graph: OnnxGraph, weights: Weights, { shape, logitsOnnx }: DecodedNetwork, outer: OuterValues) {
  const { nLayer, nHead, nEmbd } = shape;
  const body = graph.subgraph('step');
  const index = body.input('index', 'int64', []);
  const goOn = body.input('go_on', 'bool', []);
  const ids = body.input('token', 'int64', [BATCH]);
  const seen = body.input('seen', 'bool', [BATCH, 'seen_tokens']);
  const chunk = keysAndValues(
    cacheNames('chunk', nLayer).map((name) => body.input(name, 'float', [BATCH, nHead, 'before', nEmbd / nHead])),
  );
  const ofStep = (values: string) => body.node('Gather', [values, index], { axis: { i: 0 } });
  const pass = new DecodingOnnxPass(body, withScaledQueries(weights, shape), {
    ids,
    positions: ofStep(outer.positions), // [B]
    past: outer.past,
    pastBias: outer.pastBias,
    chunk,
    lengths: ofStep(outer.lengths), // [2]
  });
  const logits = logitsOnnx(pass); // [B, V]
  const penalized = penalizedLogitsOnnx(body, { ...outer.penalty, logits, seen, newest: ids });
  const token = sampledTokenOnnx(body, { ...outer.drawing, logits: penalized.logits, uniform: ofStep(outer.uniforms) }); // [B]

  body.output(body.node('Identity', [goOn]), 'bool', []);
  body.output(token, 'int64', [BATCH]);
  body.output(penalized.seen, 'bool', [BATCH, 'seen_tokens']);
  for (const { keys, values } of pass.grown) {
    for (const part of [keys, values]) body.output(part, 'float', [BATCH, nHead, 'with_this', nEmbd / nHead]);
  }
  body.output(body.node('Identity', [token]), 'int64', [BATCH]); // a state and a result, which may not be one
  body.output(logits, 'float', [BATCH, 'vocab_size']);
  return body;
}

function drawingInputs(graph: OnnxGraph) {
  return {
    temperature: graph.input('temperature', 'float', [BATCH, 1]),
    topK: graph.input('top_k', 'int64', [BATCH, 1]),
    topP: graph.input('top_p', 'float', [BATCH, 1]),
  };
}

/** Whether there are seen tokens at all: bool []. */
function anyPenaltyOnnx(graph: OnnxGraph, seen: string): string {
  const width = graph.node('Squeeze', [graph.node('Shape', [seen], { start: { i: 1 }, end: { i: 2 } })]);
  return graph.node('Greater', [width, graph.integer(0)]);
}

/** Where the tokens of each step stand: int64 [S, B]. */
function positionsOnnx(
  graph: OnnxGraph,
  { steps, earlier, pastLength, blockSize }: Record<'steps' | 'earlier' | 'pastLength', string> & { blockSize: number },
): string {
  const before = chunkLengthsOnnx(graph, { steps, earlier });
  return graph.node('Min', [graph.node('Add', [before, pastLength]), graph.integer(blockSize - 1)]);
}

/** How many slots the past has, and how many steps the chunk with each: int64 [S, 2]. */
function lengthsOnnx(
  graph: OnnxGraph,
  { steps, slots, earlier }: Record<'steps' | 'slots' | 'earlier', string>,
): string {
  const withThis = graph.node('Add', [chunkLengthsOnnx(graph, { steps, earlier }), graph.integer(1)]); // [S, 1]
  return graph.node('Concat', [graph.node('Expand', [slots, graph.node('Shape', [withThis])]), withThis], {
    axis: { i: 1 },
  });
}

/** How many tokens the chunk has before each step: int64 [S, 1]. */
function chunkLengthsOnnx(graph: OnnxGraph, { steps, earlier }: Record<'steps' | 'earlier', string>): string {
  const indices = graph.node('Range', [graph.integer(0), graph.node('Squeeze', [steps]), graph.integer(1)]); // [S]
  return graph.node('Unsqueeze', [graph.node('Add', [indices, earlier]), graph.integers([1])]);
}

/** float [B, 1, 1, P]: 0 in the slots that are used, {@link MASKED} in the others. */
function pastBiasOnnx(graph: OnnxGraph, { slots, pastLength }: { slots: string; pastLength: string }): string {
  const indices = graph.node('Range', [graph.integer(0), graph.node('Squeeze', [slots]), graph.integer(1)]); // [P]
  const used = graph.node('Less', [indices, graph.node('Unsqueeze', [pastLength, graph.integers([1, 2, 3])])]);
  return graph.node('Where', [used, graph.number(0), graph.number(MASKED)]);
}

/** Pairs of names in the order of {@link cacheNames}. */
function keysAndValues(names: readonly string[]): KeysAndValues[] {
  return names.flatMap((keys, at) => (at % 2 === 0 ? [{ keys, values: names[at + 1]! }] : []));
}

/** The weights with the 1/√D of attention in those of the queries: the first C of the 3C columns. */
function withScaledQueries(weights: Weights, { nEmbd, nHead }: CacheShape): Weights {
  const scale = 1 / Math.sqrt(nEmbd / nHead);
  const scaled = ({ shape, values }: WeightArray): WeightArray => ({
    shape,
    values: values.map((value, at) => (at % (3 * nEmbd) < nEmbd ? value * scale : value)),
  });
  return new Map([...weights].map(([name, array]) => [name, ATTENTION_WEIGHT.test(name) ? scaled(array) : array]));
}
