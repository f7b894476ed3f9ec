import { expect, test } from 'vitest';
import { compilesWithXla, trainingEnvironment } from './training-environment.js';

const cpu = { GLYPHMILL_ENGINE_DEVICE: 'cpu' };
const gpu = { GLYPHMILL_ENGINE_DEVICE: 'cuda:0' };

test.each([
  ['auto', 1, cpu, false],
  ['auto', 2, cpu, true],
  ['auto', 1, gpu, true],
  ['on', 1, cpu, true],
  ['off', 8, gpu, false],
] as const)('XLA=%s with %i threads and %o compiles: %s', (xla, threads, environment, expected) => {
  expect(compilesWithXla(trainingEnvironment({ xla, threads }, environment))).toBe(expected);
});

test('flags that were given are left as they are', () => {
  const given = { ...cpu, TF_XLA_FLAGS: '--tf_xla_auto_jit=-1' };
  expect(trainingEnvironment({ xla: 'on', threads: 2 }, given)).toEqual(given);
  expect(compilesWithXla(given)).toBe(false);
  expect(compilesWithXla({ TF_XLA_FLAGS: '--tf_xla_auto_jit=1' })).toBe(true);
});

test('the rest of the environment is kept', () => {
  expect(trainingEnvironment({ xla: 'on', threads: 1 }, { ...cpu, HOME: '/root' })).toMatchObject({
    ...cpu,
    HOME: '/root',
  });
});
