import { encodeModelProto, ELEMENT_TYPE, type ElementType } from './onnx-schema.js';
import type { WeightArray } from '../weights/weights.js';

/** Operators as ai.onnx defined them in this version (it has Gelu), and the file format that came with it. */
const OPERATOR_SET = 20;
const IR_VERSION = 9;

/** ONNX's numbers for the types of attributes that are used. */
const ATTRIBUTE_TYPE = { f: 1, i: 2, ints: 7 } as const;

/** A size, or a name for one that may differ from run to run. */
type Dimension = number | string;

type Attribute = { f: number } | { i: number } | { ints: readonly number[] };

/**
 * Writes an ONNX model node by node; values are known by their names, and each node gives the name of its result.
 *
 *     const graph = new OnnxGraph('doubling');
 *     const x = graph.input('x', 'float', ['n']);
 *     graph.output(graph.node('Add', [x, x], {}, 'y'), 'float', ['n']);
 *     await writeFile('doubling.onnx', graph.encode());
 */
export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** An array of the model itself; without a name it gets one of its own. */
  initializer(name: string | undefined, { shape, values }: WeightArray): string {
    return this.#addInitializer('float', shape, values, name);
  }

  /** A list of whole numbers, as operators take shapes and axes: int64 [n]. */
  integers(values: readonly number[]): string {
    return this.#addInitializer('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A whole number: int64 []. */
  integer(value: number): string {
    return this.#addInitializer('int64', [], BigInt64Array.of(BigInt(value)));
  }

  /** An operator with one result, which is called `output`, or after the operator where no name is given. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output = `${operator}_${this.#nodes.length}`,
  ): string {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    this.#nodes.push({ name: output, op_type: operator, input: inputs, output: [output], attribute });
    return output;
  }

  #addInitializer(
    type: ElementType,
    shape: readonly number[],
    values: Float32Array | BigInt64Array,
    name = `constant_${this.#initializers.length}`,
  ): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.push({ name, data_type: ELEMENT_TYPE[type], dims: shape, raw_data: raw });
    return name;
  }

  /** The bytes of an .onnx file. */
  encode(): Uint8Array {
    return encodeModelProto({
      ir_version: IR_VERSION,
      producer_name: 'glyphmill',
      opset_import: [{ domain: '', version: OPERATOR_SET }],
      graph: {
        name: this.#name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: ELEMENT_TYPE[type], shape: { dim } } } };
}

function attributeProto(name: string, value: Attribute): object {
  const type = 'f' in value ? ATTRIBUTE_TYPE.f : 'i' in value ? ATTRIBUTE_TYPE.i : ATTRIBUTE_TYPE.ints;
  return { name, type, ...value };
}
