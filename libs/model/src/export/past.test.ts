import { RandomStream } from '@glyphmill/data';
import { loadTensorFlow, type TensorFlow } from '@glyphmill/tensorflow';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeTrainingConfig, modelConfig, type ModelConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { startPlanned } from '../layers/planned-weights.js';
import { Learner } from '../learner/learner.js';
import { LanguageModelSession, type Past } from '../onnx/language-model-session.js';
import type { Weights } from '../weights/weights.js';
import { logitsInTwoParts } from './logits-in-two-parts.js';

const VOCABULARY = 11;
const BLOCK = 8;
/** Of logits up to about 10. */
const TOLERANCE = 1e-5;

const small = { nEmbd: 16, blockSize: BLOCK };
const models: Record<string, object> = {
  attention: { kind: 'attention', ...small },
  'multi-head': { kind: 'multi-head', ...small, nHead: 4 },
  gpt: { kind: 'gpt', ...small, nHead: 4, nLayer: 3 },
  'gpt with biases': { kind: 'gpt', ...small, nHead: 2, nLayer: 2, bias: true },
};

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

/** All from N(0, 0.25), also biases and norms, so that none can be missing unseen. */
function weightsOf(model: ModelConfig): Weights {
  const random = new RandomStream(1);
  const weights = startPlanned(definitionOf(model).plan(VOCABULARY), random);
  for (const { values } of weights.values()) random.fillNormal(values, 0, 0.5);
  return weights;
}

function tokens(rows: number, columns: number): Int32Array {
  const random = new RandomStream(rows, columns);
  return Int32Array.from({ length: rows * columns }, () => random.nextInt(VOCABULARY));
}

const openSession = (onnx: Uint8Array) => LanguageModelSession.open(onnx, { device: 'cpu', threads: 1 });

/** Infinity if the lengths differ. */
function largestDifference(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) return Infinity;
  return one.reduce((largest, value, at) => Math.max(largest, Math.abs(value - other[at]!)), 0);
}

describe.each(Object.entries(models))('%s', (_, given) => {
  const model = modelConfig.parse(given);
  let learner: Learner;
  let session: LanguageModelSession;
  beforeAll(async () => {
    const weights = weightsOf(model);
    const training = completeTrainingConfig(model.kind, { batchSize: 1 });
    learner = new Learner(tensorflow, definitionOf(model).trainable(VOCABULARY), weights, training);
    session = await openSession(definitionOf(model).onnx(weights));
  });
  afterAll(async () => {
    learner.dispose();
    await session.close();
  });

  test.each([1, 3])("wherever the past is cut, the logits are TensorFlow's, at batch %i", async (rows) => {
    const ids = tokens(rows, BLOCK);
    const expected = learner.logits(ids, rows, BLOCK);
    expect(largestDifference(await session.logits(ids, rows, BLOCK), expected)).toBeLessThan(TOLERANCE);
    for (let split = 1; split < BLOCK; split += 1) {
      const cut = await logitsInTwoParts(session, { ids, rows, columns: BLOCK }, split);
      expect(largestDifference(cut, expected)).toBeLessThan(TOLERANCE);
    }
  });

  test("token by token, the logits are TensorFlow's", async () => {
    const ids = tokens(1, BLOCK);
    const expected = learner.logits(ids, 1, BLOCK);
    let past: Past | undefined;
    for (let at = 0; at < BLOCK; at += 1) {
      const step = await session.advance({ ids: ids.subarray(at, at + 1), rows: 1, columns: 1, past });
      const own = expected.subarray(at * VOCABULARY, (at + 1) * VOCABULARY);
      expect(largestDifference(step.logits, own)).toBeLessThan(TOLERANCE);
      past = step.past;
    }
  });

  test('padding on the left changes no logit of what counts, with a past and without', async () => {
    const texts = [tokens(1, 6), tokens(1, 4), tokens(1, 1)];
    const padded = (row: Int32Array, filling: number) => [...new Int32Array(6 - row.length).fill(filling), ...row];
    const ids = texts.map((text) => padded(text, 9));
    const mask = texts.map((text) => padded(new Int32Array(text.length).fill(1), 0));
    const columns = (rows: number[][], start: number, end: number) =>
      Int32Array.from(rows.flatMap((row) => row.slice(start, end)));
    const advance = (start: number, end: number, past?: Past) =>
      session.advance({
        ids: columns(ids, start, end),
        mask: columns(mask, 0, end),
        rows: texts.length,
        columns: end - start,
        past,
      });
    const whole = await advance(0, 6);
    const rest = await advance(4, 6, (await advance(0, 4)).past);
    for (const [row, text] of texts.entries()) {
      const alone = learner.logits(text, 1, text.length); // [text, V]: the last of each row below
      const end = (row + 1) * 6 * VOCABULARY;
      expect(largestDifference(whole.logits.subarray(end - alone.length, end), alone)).toBeLessThan(TOLERANCE);
      const shown = alone.subarray(-2 * VOCABULARY); // of what the second part holds
      const restEnd = (row + 1) * 2 * VOCABULARY;
      expect(largestDifference(rest.logits.subarray(restEnd - shown.length, restEnd), shown)).toBeLessThan(TOLERANCE);
    }
  });

  test('beyond the block a text starts over: its logits are those of the tokens since, wherever it is cut', async () => {
    const ids = tokens(1, 2 * BLOCK + 3);
    const blocks = [0, BLOCK, 2 * BLOCK].map((start) => ids.subarray(start, Math.min(start + BLOCK, ids.length)));
    const expected = Float32Array.from(blocks.flatMap((block) => Array.from(learner.logits(block, 1, block.length))));
    expect(largestDifference(await session.logits(ids, 1, ids.length), expected)).toBeLessThan(TOLERANCE);
    for (const split of [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 2]) {
      const cut = await logitsInTwoParts(session, { ids, rows: 1, columns: ids.length }, split);
      expect(largestDifference(cut, expected)).toBeLessThan(TOLERANCE);
    }
  });

  test('padded on the left, a text starts over where its own block is full', async () => {
    const text = tokens(1, BLOCK + 2);
    const blocks = [text.subarray(0, BLOCK), text.subarray(BLOCK)];
    const alone = Float32Array.from(blocks.flatMap((block) => Array.from(learner.logits(block, 1, block.length))));
    const { logits } = await session.advance({
      ids: Int32Array.from([0, 0, 0, ...text]),
      mask: Int32Array.from([0, 0, 0, ...text.map(() => 1)]),
      rows: 1,
      columns: 3 + text.length,
    });
    expect(largestDifference(logits.subarray(3 * VOCABULARY), alone)).toBeLessThan(TOLERANCE);
  });
});

test("a gpt's graph has the inputs and outputs of Optimum's GPT-2, logits first", async () => {
  const model = modelConfig.parse({ kind: 'gpt', nEmbd: 12, nHead: 3, nLayer: 2, blockSize: 4 });
  const session = await InferenceSession.create(definitionOf(model).onnx(weightsOf(model)));
  const described = (values: readonly InferenceSession.ValueMetadata[]) =>
    values.map((value) => (value.isTensor ? `${value.name}: ${value.type} ${value.shape.join(', ')}` : value.name));
  const past = 'batch_size, 3, past_sequence_length, 4';
  expect(described(session.inputMetadata)).toEqual([
    'input_ids: int64 batch_size, sequence_length',
    'attention_mask: int64 batch_size, past_sequence_length + sequence_length',
    `past_key_values.0.key: float32 ${past}`,
    `past_key_values.0.value: float32 ${past}`,
    `past_key_values.1.key: float32 ${past}`,
    `past_key_values.1.value: float32 ${past}`,
  ]);
  const present = 'batch_size, 3, past_sequence_length + sequence_length, 4';
  expect(described(session.outputMetadata)).toEqual([
    'logits: float32 batch_size, sequence_length, 11',
    `present.0.key: float32 ${present}`,
    `present.0.value: float32 ${present}`,
    `present.1.key: float32 ${present}`,
    `present.1.value: float32 ${present}`,
  ]);
  await session.release();
});

test("a gpt's graph takes the id that follows the vocabulary's for padding, and any further one for an error", async () => {
  const model = modelConfig.parse({ kind: 'gpt', nEmbd: 12, nHead: 3, nLayer: 1, blockSize: 4 });
  const session = await InferenceSession.create(definitionOf(model).onnx(weightsOf(model)), { logSeverityLevel: 4 });
  const logits = async (ids: number[], mask: number[]) => {
    const keysOrValues = new Tensor('float32', new Float32Array(0), [1, 3, 0, 4]);
    const results = await session.run({
      input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
      attention_mask: new Tensor('int64', BigInt64Array.from(mask, BigInt), [1, mask.length]),
      'past_key_values.0.key': keysOrValues,
      'past_key_values.0.value': keysOrValues,
    });
    return Array.from(results['logits']!.data as Float32Array).slice(-2 * VOCABULARY);
  };
  const alone = await logits([3, 4], [1, 1]);
  expect(alone).toHaveLength(2 * VOCABULARY);
  const padded = await logits([VOCABULARY, VOCABULARY, 3, 4], [0, 0, 1, 1]);
  expect(padded).toEqual(alone.map((logit) => expect.closeTo(logit, 5)));
  await expect(logits([VOCABULARY + 1, 3], [0, 1])).rejects.toThrow(/out of data bounds/u);
  await session.release();
});

test('a mask of another length than past and present together is refused', async () => {
  const model = modelConfig.parse({ kind: 'attention', ...small });
  const session = await InferenceSession.create(definitionOf(model).onnx(weightsOf(model)), { logSeverityLevel: 4 });
  const run = (past: number, present: number, mask: number) => {
    const keysOrValues = new Tensor('float32', new Float32Array(past * 16), [1, 1, past, 16]);
    return session.run({
      input_ids: new Tensor('int64', new BigInt64Array(present), [1, present]),
      attention_mask: new Tensor('int64', new BigInt64Array(mask).fill(1n), [1, mask]),
      'past_key_values.0.key': keysOrValues,
      'past_key_values.0.value': keysOrValues,
    });
  };
  const accepted: string[] = [];
  for (const [past, present] of [
    [0, 1],
    [0, 3],
    [3, 1],
    [3, 2],
  ] as const) {
    for (let mask = 1; mask <= 6; mask += 1) {
      await run(past, present, mask).then(
        () => accepted.push(`${past} + ${present} with ${mask}`),
        () => undefined,
      );
    }
  }
  expect(accepted).toEqual(['0 + 1 with 1', '0 + 3 with 3', '3 + 1 with 4', '3 + 2 with 5']);
  await session.release();
});

test('a graph of input_ids alone, as those of averages and of earlier versions, yields logits and takes no past', async () => {
  const model = modelConfig.parse({ kind: 'averaging', ...small });
  const session = await openSession(definitionOf(model).onnx(weightsOf(model)));
  expect(session.takesPast).toBe(false);
  expect(await session.logits(tokens(2, 3), 2, 3)).toHaveLength(2 * 3 * VOCABULARY);
  await expect(session.advance({ ids: tokens(1, 1), rows: 1, columns: 1 })).rejects.toThrow(/takes no past/u);
  await session.close();
});
