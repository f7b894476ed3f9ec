import type { WorkerConfig } from '../config.js';

/** Makes TensorFlow compile whatever XLA can compile of a graph, on the processor too. */
const XLA_FLAGS = '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit';

/**
 * An engine's environment with what is said to training engines alone: whether XLA compiles. `auto` is on where it was
 * measured to help, on a GPU or with two threads and more. Flags that the worker itself was given are left as they are.
 */
export function trainingEnvironment(
  { xla, threads }: Pick<WorkerConfig, 'xla' | 'threads'>,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  if (environment['TF_XLA_FLAGS'] !== undefined) return environment;
  const helps = threads >= 2 || environment['GLYPHMILL_ENGINE_DEVICE'] !== 'cpu';
  return xla === 'on' || (xla === 'auto' && helps) ? { ...environment, TF_XLA_FLAGS: XLA_FLAGS } : environment;
}

/** Whether an engine's environment has XLA compile its graphs. */
export function compilesWithXla(environment: NodeJS.ProcessEnv): boolean {
  return /--tf_xla_auto_jit=[12]/u.test(environment['TF_XLA_FLAGS'] ?? '');
}

/** What of an engine's environment may change the bits that TensorFlow computes. */
export function numericSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['TF_XLA_FLAGS', 'TF_ENABLE_ONEDNN_OPTS', 'TF_DETERMINISTIC_OPS', 'NVIDIA_TF32_OVERRIDE'];
  return Object.fromEntries(names.map((name) => [name, environment[name] ?? 'unset']));
}
