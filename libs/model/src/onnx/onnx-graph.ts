import { encodeModelProto, ELEMENT_TYPE, type ElementType } from './onnx-schema.js';
import type { WeightArray } from '../weights/weights.js';

/** Operators as ai.onnx defined them in this version (it has Gelu), and the file format that came with it. */
const OPERATOR_SET = 20;
const IR_VERSION = 9;

/** The name of ONNX Runtime's own operators, and those of them that are used. */
const RUNTIME_DOMAIN = 'com.microsoft';
const RUNTIME_OPERATORS: ReadonlySet<string> = new Set(['FusedMatMul']);

/** ONNX's numbers for the types of attributes that are used. */
const ATTRIBUTE_TYPE = { f: 1, i: 2, g: 5, ints: 7 } as const;

/** A size, or a name for one that may differ from run to run. */
type Dimension = number | string;

type Attribute = { f: number } | { i: number } | { ints: readonly number[] } | { g: OnnxGraph };
type Attributes = Readonly<Record<string, Attribute>>;

/**
 * Writes an ONNX model node by node; values are known by their names, and each node yields the name of its result.
 *
 *     const graph = new OnnxGraph('doubling');
 *     const x = graph.input('x', 'float', ['n']);
 *     graph.output(graph.node('Add', [x, x], {}, 'y'), 'float', ['n']);
 *     await writeFile('doubling.onnx', graph.encode());
 */
export class OnnxGraph {
  readonly #name: string;
  /** Begins all names of a graph within another, so that they are like none outside it. */
  readonly #prefix: string;
  /** Whether the whole model has operators of ONNX Runtime's own. */
  readonly #needs: { runtime: boolean };
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];

  constructor(name: string, outer?: OnnxGraph) {
    this.#name = name;
    this.#prefix = outer === undefined ? '' : `${outer.#prefix}${name}/`;
    this.#needs = outer === undefined ? { runtime: false } : outer.#needs;
  }

  /** A graph to be an attribute of a node of this one: the body of a Loop, a branch of an If. It sees the values of this. */
  subgraph(name: string): OnnxGraph {
    return new OnnxGraph(name, this);
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(this.#prefix + name, type, shape));
    return this.#prefix + name;
  }

  /** `value` is a node's result, by its name. */
  output(value: string, type: ElementType, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(value, type, shape));
  }

  /** An array of the model itself; without a name it gets one of its own. */
  initializer(name: string | undefined, { shape, values }: WeightArray): string {
    return this.#addInitializer('float', shape, values, name);
  }

  /** A number: float []. */
  number(value: number): string {
    return this.#addInitializer('float', [], Float32Array.of(value));
  }

  /** A list of whole numbers, as operators take shapes and axes: int64 [n]. */
  integers(values: readonly number[]): string {
    return this.#addInitializer('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A whole number: int64 []. */
  integer(value: number): string {
    return this.#addInitializer('int64', [], BigInt64Array.of(BigInt(value)));
  }

  /** An operator with one result, which is called `output`, or after the operator if no name is given. */
  node(operator: string, inputs: readonly string[], attributes: Attributes = {}, output?: string): string {
    return this.#addNode(operator, inputs, attributes, [output ?? this.#newName(operator)])[0]!;
  }

  /** An operator with several results: as many as are asked for, or with these names. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: number | readonly string[],
  ): string[] {
    const newName = this.#newName(operator);
    const names =
      typeof outputs === 'number' ? Array.from({ length: outputs }, (_, at) => `${newName}.${at}`) : outputs;
    return this.#addNode(operator, inputs, attributes, names);
  }

  /** The bytes of an .onnx file. */
  encode(): Uint8Array {
    const runtime = this.#needs.runtime ? [{ domain: RUNTIME_DOMAIN, version: 1 }] : [];
    return encodeModelProto({
      ir_version: IR_VERSION,
      producer_name: 'glyphmill',
      opset_import: [{ domain: '', version: OPERATOR_SET }, ...runtime],
      graph: this.#graphProto(),
    });
  }

  #newName(operator: string): string {
    return `${operator}_${this.#nodes.length}`;
  }

  #addNode(operator: string, inputs: readonly string[], attributes: Attributes, names: readonly string[]): string[] {
    const output = names.map((name) => this.#prefix + name);
    const attribute = Object.entries(attributes).map(([name, value]) => OnnxGraph.#attributeProto(name, value));
    const ofRuntime = RUNTIME_OPERATORS.has(operator);
    this.#needs.runtime ||= ofRuntime;
    const domain = ofRuntime ? { domain: RUNTIME_DOMAIN } : {};
    this.#nodes.push({ name: output[0], op_type: operator, input: inputs, output, attribute, ...domain });
    return output;
  }

  static #attributeProto(name: string, value: Attribute): object {
    if ('g' in value) return { name, type: ATTRIBUTE_TYPE.g, g: value.g.#graphProto() };
    const type = 'f' in value ? ATTRIBUTE_TYPE.f : 'i' in value ? ATTRIBUTE_TYPE.i : ATTRIBUTE_TYPE.ints;
    return { name, type, ...value };
  }

  #addInitializer(
    type: ElementType,
    shape: readonly number[],
    values: Float32Array | BigInt64Array,
    name = `constant_${this.#initializers.length}`,
  ): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.push({ name: this.#prefix + name, data_type: ELEMENT_TYPE[type], dims: shape, raw_data: raw });
    return this.#prefix + name;
  }

  #graphProto(): object {
    return {
      name: this.#name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
    };
  }
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: ELEMENT_TYPE[type], shape: { dim } } } };
}
