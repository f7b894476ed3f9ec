import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import type { InputDeclaration, InputDType, InputValue } from './entry-declaration.js';
import { ProgramInputError } from './program-errors.js';

type InputArray = Float32Array | Int32Array | Uint8Array;

const arrayClasses = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** The values of the two recordings, where the declaration yields none. */
const defaultExamples = { float32: [0.25, 0.5], int32: [0, 1], bool: [0, 1] } as const;

/** Where values enter the graph: an input of an entry, or a variable that is written. */
export class InputSlot {
  readonly shape: number[];
  readonly dtype: InputDType;
  readonly #size: number;
  readonly #type: number;

  constructor(
    private readonly tensorflow: TensorFlow,
    /** What messages call it, such as `input 'rate'`. */
    private readonly title: string,
    { shape, dtype }: Pick<InputDeclaration, 'shape' | 'dtype'>,
    private readonly entry?: string,
  ) {
    this.shape = [...shape];
    this.dtype = dtype;
    this.#size = shape.reduce((product, size) => product * size, 1);
    this.#type = tensorflow.backend.getDTypeInteger(dtype);
  }

  /**
   * The binding's id of a tensor with this value, for the length of one run: what had to be made for it is added to
   * `made`. Throws {@link ProgramInputError} if shape, type or length are not as declared.
   */
  tensorId(value: InputValue | undefined, made: number[]): number {
    const { backend } = this.tensorflow;
    const accepted = this.#accept(value);
    if (!ArrayBuffer.isView(accepted)) return backend['getInputTensorIds']([accepted])[0]!;
    const id = backend.binding.createTensor(this.shape, this.#type, accepted);
    made.push(id);
    return id;
  }

  /** A tensor of its own that stands for the input while a body is recorded, the first time or the second. */
  exampleTensor(examples: InputDeclaration['examples'], turn: 0 | 1): Tensor {
    const example =
      examples === undefined
        ? new arrayClasses[this.dtype](this.#size).fill(defaultExamples[this.dtype][turn])
        : this.#accept(examples[turn]);
    const values = ArrayBuffer.isView(example) ? example.slice() : example.dataSync();
    return this.tensorflow.tf.tensor(values, this.shape, this.dtype);
  }

  #accept(value: InputValue | undefined): InputArray | Tensor {
    if (typeof value === 'number' || typeof value === 'boolean') return this.#scalar(value);
    if (value instanceof arrayClasses[this.dtype]) {
      if (value.length !== this.#size) throw this.#error(describe(value));
      return value;
    }
    if (value instanceof this.tensorflow.tf.Tensor) return this.#existing(value);
    throw this.#error(describe(value));
  }

  #scalar(value: number | boolean): InputArray {
    const isNumber = typeof value === 'number';
    const fits = this.dtype === 'bool' ? !isNumber : isNumber && (this.dtype === 'float32' || (value | 0) === value);
    if (this.shape.length > 0 || !fits) throw this.#error(`the ${typeof value} ${value}`);
    return arrayClasses[this.dtype].of(Number(value));
  }

  #existing(tensor: Tensor): Tensor {
    if (tensor.isDisposed) throw this.#error('a tensor that was disposed');
    const fits = tensor.dtype === this.dtype && tensor.rank === this.shape.length;
    if (!fits || tensor.shape.some((size, axis) => size !== this.shape[axis])) {
      throw this.#error(`a tensor of ${tensor.dtype} of shape [${tensor.shape.join(', ')}]`);
    }
    return tensor;
  }

  #error(given: string): ProgramInputError {
    const kinds =
      this.shape.length === 0
        ? `a ${this.dtype === 'bool' ? 'boolean' : 'number'}`
        : `${arrayClasses[this.dtype].name} of ${this.#size}`;
    return new ProgramInputError(
      `${this.title} must be ${this.dtype} of shape [${this.shape.join(', ')}]: ${kinds}, or such a tensor. Given: ${given}. ` +
        'A shape is fixed when a program is recorded; declare another entry for another shape.',
      this.entry === undefined ? {} : { entry: this.entry },
    );
  }
}

function describe(value: unknown): string {
  if (ArrayBuffer.isView(value) && 'length' in value) return `${value.constructor.name} of ${String(value.length)}`;
  if (Array.isArray(value)) return 'a plain array';
  return value === undefined || value === null ? 'nothing' : typeof value;
}
