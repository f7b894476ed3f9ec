import type { Tensor, TensorInfo } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import type { OperationAttribute } from './operation-attributes.js';
import { type ResultShape, resultShapes } from './result-shapes.js';

/** What tfjs-node holds of a tensor's data: values that are not uploaded yet, or the binding's id. */
interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values: ArrayLike<number | string | Uint8Array> | null;
  id: number;
  readonly refCount: number;
}

interface TensorMap {
  has(dataId: object): boolean;
  get(dataId: object): TensorData;
  set(dataId: object, data: TensorData): void;
}

/** What is kept of an operation that was not executed yet. */
interface Deferred {
  readonly inputs: TensorInfo[];
  readonly execute: (inputs: TensorInfo[]) => Tensor[];
  readonly results: readonly object[];
}

/**
 * Executes the operations of a body only when their values are needed. A graph needs the shapes of results alone, and
 * an eager step would keep all that it computes alive until its end: for a large model many times what a run takes.
 * What is deferred must not outlive the recording.
 */
export class DeferredResults {
  readonly #tensorflow: TensorFlow;
  readonly #map: TensorMap;
  /** By the data of each result. */
  readonly #deferred = new Map<object, Deferred>();
  /** Data that deferred operations may still need. */
  readonly #held: object[] = [];

  constructor(tensorflow: TensorFlow) {
    this.#tensorflow = tensorflow;
    this.#map = tensorflow.backend['tensorMap'];
  }

  /** The results of an operation: deferred if their shapes are known, and computed if not. */
  run(
    op: string,
    attributes: readonly OperationAttribute[],
    given: readonly TensorInfo[],
    execute: (inputs: TensorInfo[]) => Tensor[],
  ): Tensor[] {
    const { backend } = this.#tensorflow;
    // What a variable holds now: it may be assigned before the operation is executed.
    const inputs = given.map(({ dataId, shape, dtype }) => ({ dataId, shape, dtype }));
    const areKnown = inputs.every(({ dataId }) => this.#map.has(dataId));
    const shapes = areKnown
      ? resultShapes(backend, { op, attributes, inputs, valuesOf: (input) => this.#constant(input) })
      : undefined;
    if (shapes === undefined) {
      for (const { dataId } of inputs) this.compute(dataId);
      return execute([...given]);
    }
    for (const { dataId } of inputs) {
      backend.incRef(dataId);
      this.#held.push(dataId);
    }
    const tensors = shapes.map((shape) => this.#placeholder(shape));
    const results = tensors.map(({ dataId }) => dataId);
    for (const dataId of results) this.#deferred.set(dataId, { inputs, execute, results });
    return tensors;
  }

  /** Computes data that was deferred, with all that it needs. */
  compute(dataId: object): void {
    const deferred = this.#deferred.get(dataId);
    if (deferred === undefined) return;
    for (const result of deferred.results) this.#deferred.delete(result);
    for (const input of deferred.inputs) this.compute(input.dataId);
    for (const [index, computed] of deferred.execute(deferred.inputs).entries()) {
      const place = deferred.results[index]!;
      if (this.#map.has(place)) {
        const data = this.#map.get(computed.dataId);
        this.#map.get(place).id = data.id;
        data.id = -1;
      }
      computed.dispose();
    }
  }

  /** Lets go of all that was kept. */
  release(): void {
    const { tf, backend } = this.#tensorflow;
    this.#deferred.clear();
    for (const dataId of this.#held.splice(0)) {
      if (backend.disposeData(dataId)) tf.engine().removeDataId(dataId, backend);
    }
  }

  #constant({ dataId }: TensorInfo): readonly number[] | undefined {
    const { values } = this.#map.get(dataId);
    return values === null ? undefined : Array.from(values, Number);
  }

  #placeholder({ shape, dtype }: ResultShape): Tensor {
    const { tf, backend } = this.#tensorflow;
    const dataId = {};
    const type = backend.getDTypeInteger(dtype);
    this.#map.set(dataId, { shape: [...shape], dtype: type, values: null, id: -1, refCount: 1 });
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
  }
}
