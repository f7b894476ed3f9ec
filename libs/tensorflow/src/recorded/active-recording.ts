import type { TensorInfo } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { DeferredResults } from './deferred-results.js';
import type { EntryRecorder } from './entry-recorder.js';

let active: EntryRecorder | undefined;

/** The recorder that listens now, if a body is being recorded. */
export function activeRecorder(): EntryRecorder | undefined {
  return active;
}

/**
 * Runs `body` while the recorder hears of every operation, upload and read-back of the tfjs backend. All kernels of
 * tfjs-node, and operations by name, go through the methods that are replaced here on the backend object.
 */
export function listenTo(tensorflow: TensorFlow, recorder: EntryRecorder, body: () => void): void {
  const { backend } = tensorflow;
  const executeSingleOutput = backend.executeSingleOutput.bind(backend);
  const executeMultipleOutputs = backend.executeMultipleOutputs.bind(backend);
  const write = backend.write.bind(backend);
  const readSync = backend.readSync.bind(backend);
  const deferred = new DeferredResults(tensorflow);
  const restores = [
    replace(backend, 'executeSingleOutput', (name, attributes, inputs) => {
      const execute = (taken: TensorInfo[]) => [executeSingleOutput(name, attributes, taken)];
      const run = () => deferred.run(name, attributes, inputs, execute);
      return recorder.addOperation(name, attributes, inputs, run)[0]!;
    }),
    replace(backend, 'executeMultipleOutputs', (name, attributes, inputs, count) => {
      const execute = (taken: TensorInfo[]) => executeMultipleOutputs(name, attributes, taken, count);
      const run = () => deferred.run(name, attributes, inputs, execute);
      return recorder.addOperation(name, attributes, inputs, run);
    }),
    replace(backend, 'write', (values, shape, dtype) => {
      const dataId = write(values, shape, dtype);
      recorder.addConstant(dataId, { values, shape, dtype });
      return dataId;
    }),
    replace(backend, 'readSync', (dataId) => {
      const failure = recorder.readBack(dataId);
      if (failure !== undefined) throw failure;
      deferred.compute(dataId);
      return readSync(dataId);
    }),
    // A promise that fails unheard would end the process; the recorder keeps the failure and throws it at the end.
    replace(backend, 'read', (dataId) => {
      if (recorder.readBack(dataId) !== undefined) return new Promise<never>(() => undefined);
      deferred.compute(dataId);
      return Promise.resolve(readSync(dataId));
    }),
  ];
  const outer = active;
  active = recorder;
  try {
    body();
  } finally {
    active = outer;
    for (const restore of restores) restore();
    deferred.release();
  }
}

/** Puts a method on the object itself; the function returned uncovers what was there before. */
function replace<T extends object, K extends keyof T>(target: T, key: K, method: T[K]): () => void {
  const own = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, { value: method, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(target, key);
    else Object.defineProperty(target, key, own);
  };
}
