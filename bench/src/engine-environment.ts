/** What TensorFlow reads when it is loaded, so that it compiles clusters of a graph with XLA, on a processor too. */
const XLA_FLAGS = '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit';

export type Xla = 'on' | 'off';

/** Whether a worker has XLA on: where it was measured to help. */
export function workersXla(threads: number): Xla {
  return threads >= 2 ? 'on' : 'off';
}

/** The environment of a process of ours, as a worker on a CPU sets it. */
export function engineEnvironment(threads: number, xla: Xla = workersXla(threads)): NodeJS.ProcessEnv {
  return {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_XLA_FLAGS: xla === 'on' ? XLA_FLAGS : '',
    CUDA_VISIBLE_DEVICES: '-1',
    ORT_DISABLE_TELEMETRY: '1',
  };
}
