import { expect, test } from 'vitest';
import { generationRuntime } from './generation-runtime.js';

test('the processor can be used, and what runs there is reported', async () => {
  const runtime = await generationRuntime('cpu');
  expect(runtime).toEqual({ device: 'cpu', libraries: { onnxruntime: expect.stringMatching(/^\d+\.\d+\./u) } });
});

test('a GPU that no machine has is said to be missing, with the remedy, before any model is opened', async () => {
  await expect(generationRuntime('cuda:99')).rejects.toMatchObject({
    code: 'device_unavailable',
    message: expect.stringMatching(/cuda:99.*npm run setup.*DEVICE=cpu/u),
  });
});
