import { expect, test } from 'vitest';
import { engineEnvironment } from './engine-environment.js';

const cpu = { tensorflow: { build: 'cpu' }, environment: {} } as const;
const cuda = { tensorflow: { build: 'cuda' }, environment: { LD_LIBRARY_PATH: '/cuda' } } as const;

test('auto is the first GPU where the libraries are those for one, and else the processor', () => {
  const settings = { device: 'auto', threads: 2 };
  expect(engineEnvironment(settings, {}, cuda)).toMatchObject({
    GLYPHMILL_ENGINE_DEVICE: 'cuda:0',
    LD_LIBRARY_PATH: '/cuda',
  });
  expect(engineEnvironment(settings, {}, cpu)).toMatchObject({ GLYPHMILL_ENGINE_DEVICE: 'cpu' });
});

test('an engine sees the GPU that was set and no other, and none if the processor was set', () => {
  const seen = (device: string) => engineEnvironment({ device, threads: 1 }, { CUDA_VISIBLE_DEVICES: '0,1' }, cuda);
  expect(seen('cuda:3')).toMatchObject({ GLYPHMILL_ENGINE_DEVICE: 'cuda:0', CUDA_VISIBLE_DEVICES: '3' });
  expect(seen('cpu')).toMatchObject({ GLYPHMILL_ENGINE_DEVICE: 'cpu', CUDA_VISIBLE_DEVICES: '-1' });
});

test('arithmetic on a GPU is the same each time and whole float32, unless the worker was told otherwise', () => {
  const told = (inherited: NodeJS.ProcessEnv, device: string) =>
    engineEnvironment({ device, threads: 1 }, inherited, cuda);
  expect(told({}, 'cuda:0')).toMatchObject({ TF_DETERMINISTIC_OPS: '1', NVIDIA_TF32_OVERRIDE: '0' });
  expect(told({ NVIDIA_TF32_OVERRIDE: '1' }, 'cuda:0')).toMatchObject({ NVIDIA_TF32_OVERRIDE: '1' });
  expect(told({}, 'cpu')).not.toHaveProperty('NVIDIA_TF32_OVERRIDE');
});

test('no engine tells the maker of ONNX Runtime what it does, whatever the worker inherited', () => {
  const environment = engineEnvironment({ device: 'cpu', threads: 1 }, { ORT_DISABLE_TELEMETRY: '0' }, cpu);
  expect(environment).toMatchObject({ ORT_DISABLE_TELEMETRY: '1' });
});

test('an engine inherits no address of Redis or of the storage, and nothing else that it does not read', () => {
  const secrets = {
    REDIS_URL: 'redis://:SECRET@mill',
    STORAGE_URL: 's3://KEY:SECRET@bucket',
    REDISCLI_AUTH: 'SECRET',
    AWS_SECRET_ACCESS_KEY: 'SECRET',
    NODE_AUTH_TOKEN: 'SECRET',
    PGPASSWORD: 'SECRET',
    ONNXRUNTIME_KEY: 'SECRET',
  };
  const environment = engineEnvironment({ device: 'cpu', threads: 1 }, secrets, cpu);
  for (const name of Object.keys(secrets)) expect(environment).not.toHaveProperty(name);
  expect(JSON.stringify(environment)).not.toContain('SECRET');
});

test("what an engine's libraries read of the worker's environment is kept, and they get its number of threads", () => {
  const environment = engineEnvironment(
    { device: 'cpu', threads: 5 },
    { HOME: '/root', TF_CPP_MIN_LOG_LEVEL: '0' },
    cpu,
  );
  expect(environment).toMatchObject({ HOME: '/root', TF_CPP_MIN_LOG_LEVEL: '0', TF_NUM_INTRAOP_THREADS: '5' });
});
