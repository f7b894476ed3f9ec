import { availableParallelism } from 'node:os';
import type { SessionOptions } from '../onnx/open-session.js';

/** Beyond it the weights are not held once per thread: the operators of such a model are large enough to share threads. */
const MAX_COPIED_BYTES = 64 * 2 ** 20;

/** How the threads of a processor share the work of decoding. */
export interface ThreadPlan {
  /** Threads that decode sequences of their own, each with a session of its own. */
  decodingThreads: number;
  /** Threads within an operator of such a session; undefined: the runtime's own choice. */
  sessionThreads: number | undefined;
}

/**
 * On a processor each thread decodes sequences of its own, for the operators of small models are too short to be shared.
 * Large models and GPUs have one session. `graphBytes` is the size of the decoding graph with its weights.
 */
export function threadPlan(
  graphBytes: number,
  { device, threads = availableParallelism() }: SessionOptions,
): ThreadPlan {
  if (device !== 'cpu') return { decodingThreads: 1, sessionThreads: undefined };
  if (graphBytes > MAX_COPIED_BYTES) return { decodingThreads: 1, sessionThreads: threads };
  return { decodingThreads: threads, sessionThreads: 1 };
}
