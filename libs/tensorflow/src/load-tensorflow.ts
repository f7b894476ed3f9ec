import { createRequire } from 'node:module';
import util from 'node:util';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import { TensorFlowUnavailableError } from './tensorflow-unavailable-error.js';

/** TensorFlow.js over the native library: the whole of `tf`, and the backend that runs any operation by its name. */
export interface TensorFlow {
  readonly tf: typeof Tfjs;
  /** `executeSingleOutput` and `executeMultipleOutputs` run operations; `binding` is the native addon. */
  readonly backend: NodeJSKernelBackend;
}

let loaded: Promise<TensorFlow> | undefined;

/**
 * Loads the native TensorFlow library, once a process. It reads its environment variables (threads, devices, log
 * level) at this moment, so whoever starts the process sets them.
 * Throws {@link TensorFlowUnavailableError} if the addon or a library it needs is missing.
 */
export function loadTensorFlow(): Promise<TensorFlow> {
  loaded ??= Promise.resolve().then(requireTensorFlow);
  return loaded;
}

function requireTensorFlow(): TensorFlow {
  restoreRemovedNodeFunctions();
  try {
    const require = createRequire(import.meta.url);
    const tf = require('@tensorflow/tfjs-node-gpu') as typeof Tfjs;
    return { tf, backend: tf.backend() as NodeJSKernelBackend };
  } catch (cause) {
    throw new TensorFlowUnavailableError(cause);
  }
}

/** Node.js 23 took `util.isNullOrUndefined` away, and warns of `util.isArray`; tfjs-node calls both. */
function restoreRemovedNodeFunctions(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === undefined || value === null,
    isArray: (value: unknown) => Array.isArray(value),
  });
}
