import { expect, test } from 'vitest';
import { completeTrainingConfig, modelConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { AttentionOnnxPass } from '../layers/attention-onnx-pass.js';
import { causalSelfAttentionOnnx } from '../layers/causal-self-attention.js';
import { headOnnx } from '../layers/head.js';
import { SequenceOnnxPass } from '../layers/sequence-onnx-pass.js';
import { tokenAndPositionOnnx } from '../layers/token-and-position.js';
import { OnnxGraph } from '../onnx/onnx-graph.js';
import { train } from '../training/train.js';
import { checkParity, ParityError, probeRows } from './parity.js';

/** Its tokens stand at 0, 1, … whatever their past: a fault that only a past shows. */
class ForgetfulPass extends AttentionOnnxPass {
  override positions(): string {
    return SequenceOnnxPass.prototype.positions.call(this);
  }
}

test('a graph that is wrong after a past alone is not published', async () => {
  const model = modelConfig.parse({ kind: 'attention', nEmbd: 16, blockSize: 8 });
  const training = completeTrainingConfig(model.kind, { maxSteps: 1, batchSize: 4, evalBatches: 1 });
  const trained = await train({ text: 'the cat sat on the mat. '.repeat(20), model, training });
  await expect(checkParity(trained, definitionOf(model).onnx(trained.weights))).resolves.toBeUndefined();
  const shape = { blockSize: 8, nEmbd: 16, nHead: 1 };
  const graph = new OnnxGraph('forgetful');
  const pass = new ForgetfulPass(graph, trained.weights, { ...shape, nLayer: 1 });
  const x = tokenAndPositionOnnx(pass, { tokens: 'wte.weight', positions: 'wpe.weight' });
  headOnnx(pass, 'lm_head.weight', graph.node('Add', [x, causalSelfAttentionOnnx(pass, 'attn.c_attn', x, shape)]));
  await expect(checkParity(trained, graph.encode())).rejects.toThrow(ParityError);
});

test('the probes hold every token of a vocabulary, in rows of the block, and end with a single token', () => {
  const rows = [...probeRows(4, 10)].map((row) => Array.from(row));
  expect(rows).toEqual([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1], [0]]);
});

test('of a vocabulary whose logits would take minutes the probes reach from its start to its end', () => {
  const rows = [...probeRows(8, 65_536)];
  expect(rows.length).toBe(2 ** 28 / (8 * 65_536) + 1);
  expect(rows[0]?.[0]).toBe(0);
  expect(rows.at(-2)?.at(-1)).toBe(65_535);
  expect([...probeRows(8192, 65_536)].length).toBe(2);
});
