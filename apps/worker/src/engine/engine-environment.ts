import type { WorkerConfig } from '../config.js';
import { inheritedEnvironment } from './inherited-environment.js';

/** What an engine computes on: the processor, or the one GPU that it is allowed to see. */
export type EngineDevice = 'cpu' | 'cuda:0';

/** The device of a worker's engines: as set, or the first GPU where the libraries are those for one. */
export function engineDevice(setting: string, build: 'cpu' | 'cuda'): EngineDevice {
  if (setting === 'auto') return build === 'cuda' ? 'cuda:0' : 'cpu';
  return setting === 'cpu' ? 'cpu' : 'cuda:0';
}

/**
 * On a GPU TensorFlow may choose among kernels that add up in other orders, and rounds the factors of float32 products to
 * ten bits (TF32). A seed is to give the same bits each time, and the exported graph the trained model's logits.
 */
function gpuArithmetic(inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    TF_DETERMINISTIC_OPS: inherited['TF_DETERMINISTIC_OPS'] ?? '1',
    NVIDIA_TF32_OVERRIDE: inherited['NVIDIA_TF32_OVERRIDE'] ?? '0',
  };
}

/**
 * The environment of an engine: of the worker's what its libraries read, which is no secret, and what the worker tells it.
 * The native libraries read these once, when they are loaded, so they must be there before the process starts.
 */
export function engineEnvironment(
  { device, threads }: Pick<WorkerConfig, 'device' | 'threads'>,
  inherited: NodeJS.ProcessEnv,
  runtimes: { tensorflow: { build: 'cpu' | 'cuda' }; environment: Readonly<Record<string, string>> },
): NodeJS.ProcessEnv {
  const index = /^cuda:(\d+)$/u.exec(device)?.[1];
  const resolved = engineDevice(device, runtimes.tensorflow.build);
  return {
    ...inheritedEnvironment(inherited),
    ...runtimes.environment,
    GLYPHMILL_ENGINE_DEVICE: resolved,
    GLYPHMILL_ENGINE_THREADS: String(threads),
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: inherited['TF_CPP_MIN_LOG_LEVEL'] ?? '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // ONNX Runtime else reports its sessions to its maker, and leaves files in the temporary folder.
    ORT_DISABLE_TELEMETRY: '1',
    ...(resolved === 'cpu' ? { CUDA_VISIBLE_DEVICES: '-1' } : gpuArithmetic(inherited)),
    ...(index === undefined ? {} : { CUDA_VISIBLE_DEVICES: index }),
  };
}
