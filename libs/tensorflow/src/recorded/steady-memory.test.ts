import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { entry } from './entry-declaration.js';
import { recordProgram } from './recorded-program.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

const size = 256;

/** A variable of 256 KiB that moves towards an input of the same size. */
function recordMoving() {
  const { tf } = tensorflow;
  const weight = tf.tidy(() => tf.variable(tf.zeros([size, size])));
  const program = recordProgram(tensorflow, {
    variables: { weight },
    entries: {
      train: entry({
        inputs: { target: { shape: [size, size], dtype: 'float32' }, rate: { shape: [], dtype: 'float32' } },
        body: ({ target, rate }) => {
          weight.assign(weight.add(target.sub(weight).mul(rate)));
          return { loss: target.sub(weight).square().mean(), weight };
        },
      }),
    },
  });
  weight.dispose();
  return program;
}

test('memory is flat over 5,000 runs', () => {
  const { tf, backend } = tensorflow;
  const program = recordMoving();
  const target = new Float32Array(size * size).fill(1);
  const step = (index: number) => {
    const { loss, weight } = program.run('train', { target, rate: 1 / (index + 2) });
    const value = loss.dataSync()[0]!;
    tf.dispose([loss, weight]);
    return value;
  };
  for (let index = 0; index < 500; index++) step(index);
  const tensors = [tf.memory().numTensors, backend.getNumOfTFTensors()];
  const before = process.memoryUsage.rss();
  for (let index = 0; index < 5000; index++) step(index);
  const grown = process.memoryUsage.rss() - before;
  expect([tf.memory().numTensors, backend.getNumOfTFTensors()]).toEqual(tensors);
  // One leaked tensor a run would be 1.25 GiB, one leaked scalar with its bookkeeping still several MiB.
  expect(grown / 2 ** 20).toBeLessThan(48);
  program.dispose();
});

test('programs that are recorded and disposed leave no session, tensor or memory', () => {
  const { tf, backend } = tensorflow;
  const cycle = () => {
    const program = recordMoving();
    program.writeAll({ weight: new Float32Array(size * size) });
    program.readAll();
    program.dispose();
  };
  for (let index = 0; index < 5; index++) cycle();
  const counts = () => [tf.memory().numTensors, backend.getNumOfTFTensors(), backend.getNumOfSavedModels()];
  const [before, rss] = [counts(), process.memoryUsage.rss()];
  for (let index = 0; index < 40; index++) cycle();
  expect(counts()).toEqual(before);
  // Sessions that are kept cost about 12 MiB each.
  expect((process.memoryUsage.rss() - rss) / 2 ** 20).toBeLessThan(240);
});
