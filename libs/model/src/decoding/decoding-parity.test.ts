import { loadTensorFlow, type TensorFlow } from '@glyphmill/tensorflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeTrainingConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { Learner } from '../learner/learner.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import type { DecodingModel } from './decoding-session.js';
import {
  addSequence,
  closeDecodingModel,
  openDecodingModel,
  randomModel,
  randomSequence,
  tokensOfRun,
  VOCABULARY,
} from './decoding-model.fixture.js';
import { windowLength } from './decoding-window.js';

/** Two steps of slots of the past, and not a multiple of the chunk. */
const BLOCK = 91;
const TOLERANCE = 1e-4;

const small = { nEmbd: 24, blockSize: BLOCK };
const models: Record<string, object> = {
  attention: { kind: 'attention', ...small },
  'multi-head': { kind: 'multi-head', ...small, nHead: 3 },
  gpt: { kind: 'gpt', ...small, nHead: 4, nLayer: 3 },
  'gpt with biases': { kind: 'gpt', ...small, nHead: 2, nLayer: 2, bias: true },
};

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

describe.each(Object.entries(models))('%s', (_, given) => {
  const random = randomModel(given);
  let learner: Learner;
  let model: DecodingModel;
  beforeAll(async () => {
    const training = completeTrainingConfig(random.model.kind, { batchSize: 1 });
    learner = new Learner(tensorflow, definitionOf(random.model).trainable(VOCABULARY), random.weights, training);
    model = await openDecodingModel(random, 1);
  });
  afterAll(async () => {
    learner.dispose();
    await closeDecodingModel(model);
  });

  /** TensorFlow's logits of the token after `tokens`. */
  function logitsAfter(tokens: readonly number[]): Float32Array {
    const window = Int32Array.from(tokens.slice(-windowLength(tokens.length, BLOCK)));
    return learner.logits(window, 1, window.length).subarray(-VOCABULARY);
  }

  test("at every place, within the block and beyond it, the logits are TensorFlow's", async () => {
    const decoder = new ContinuousDecoder(model);
    const sequences = [1, 7, 64, BLOCK + 20].map((length, number) => randomSequence(number, length));
    const texts = new Map(
      sequences.map((sequence) => {
        const options = { sampling: { temperature: 1, topK: 0, topP: 1 }, maxNewTokens: 150, withLogits: true };
        return [addSequence(decoder, sequence, options), Array.from(sequence.context)] as const;
      }),
    );
    let largest = 0;
    while (decoder.size > 0) {
      for (const [id, { tokens, logits }] of await tokensOfRun(decoder)) {
        const text = texts.get(id)!;
        for (const [at, token] of tokens.entries()) {
          const expected = logitsAfter(text);
          const own = logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY);
          for (const [id, logit] of expected.entries()) largest = Math.max(largest, Math.abs(own[id]! - logit));
          text.push(token);
        }
      }
    }
    expect(largest).toBeLessThan(TOLERANCE);
    expect([...texts.values()].map((text) => text.length)).toEqual([151, 157, 214, BLOCK + 170]);
  });
});
