import type { DataType, Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { constantContent, type ConstantValues } from './constant-content.js';
import { type AttrValue, shapeProto } from './graph-proto.js';
import { drawsFromHiddenState, nodeAttributes, type OperationAttribute } from './operation-attributes.js';
import type { RecordedProgramError } from './program-errors.js';
import { NodeList } from './recorded-node.js';
import { RecordingFaults } from './recording-faults.js';
import { TrackedVariable } from './tracked-variable.js';

/** Where a tensor's data comes from within the graph. */
type Source =
  | { readonly kind: 'node'; readonly reference: string }
  | { readonly kind: 'variable'; readonly tracked: TrackedVariable }
  | ({ readonly kind: 'constant' } & Constant);

/** An array of JavaScript that the body made a tensor of; it becomes a node when an operation takes it. */
interface Constant {
  readonly values: ConstantValues;
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/**
 * Writes down what an entry's body does while it runs eagerly: each operation as a node, each array of JavaScript as a
 * constant, and the variables' reads and writes in their order. Tensors are told apart by their data, as in tfjs: a
 * clone that shares data shares the node.
 */
export class EntryRecorder {
  readonly #tensorflow: TensorFlow;
  readonly #entry: string;
  readonly #nodes: NodeList;
  readonly #faults: RecordingFaults;
  readonly #sources = new Map<object, Source>();
  readonly #variables: readonly TrackedVariable[];
  readonly #writes: string[] = [];
  #failure: RecordedProgramError | undefined;
  #paused = false;

  constructor(tensorflow: TensorFlow, entry: string, variables: Readonly<Record<string, Variable>>) {
    this.#tensorflow = tensorflow;
    this.#entry = entry;
    this.#nodes = new NodeList(entry);
    this.#faults = new RecordingFaults(tensorflow, entry, variables);
    this.#variables = Object.entries(variables).map(
      ([name, variable]) => new TrackedVariable(name, variable, this.#typeOf(variable), this.#nodes),
    );
    for (const tracked of this.#variables) this.#sources.set(tracked.heldData, { kind: 'variable', tracked });
  }

  get nodes(): NodeList['nodes'] {
    return this.#nodes.nodes;
  }

  /** The first thing that the body did wrong, even if the body caught the error. */
  get failure(): RecordedProgramError | undefined {
    return this.#failure;
  }

  /**
   * Makes a tensor the entry's input; returns the placeholder's name. The body works on a copy: the binding shares memory
   * with arrays of JavaScript that happen to be aligned, and what a variable or an output holds must not change with
   * the array, nor be given back to JavaScript from one of TensorFlow's threads.
   */
  addInput(name: string, tensor: Tensor): string {
    const dtype = this.#typeOf(tensor);
    const common = { shapes: [tensor.shape], origin: `input '${name}'` };
    const attr = { dtype, shape: { shape: shapeProto(tensor.shape) } };
    const placeholder = this.#nodes.add({ ...common, op: 'Placeholder', attr, name: `input/${name}` });
    const copy = this.#nodes.add({ ...common, op: 'DeepCopy', input: [placeholder], attr: { T: dtype } });
    this.#sources.set(tensor.dataId, { kind: 'node', reference: copy });
    return placeholder;
  }

  /** Runs an operation of the body eagerly and writes it down. */
  addOperation(
    op: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly TensorInfo[],
    execute: () => Tensor[],
  ): Tensor[] {
    if (this.#paused) return execute();
    if (drawsFromHiddenState(op)) throw this.#fail(this.#faults.hiddenState(op));
    const origin = this.#faults.origin(op);
    const references = this.#references(inputs, op);
    const attr = nodeAttributes(this.#tensorflow.backend, this.#entry, op, attributes, inputs);
    const results = this.#execute(op, execute);
    if (results.some(({ dtype }) => dtype === 'string')) {
      throw this.#fail(this.#faults.unsupported(op, `${origin} yields strings or a resource`));
    }
    const node = this.#nodes.add({ op, input: references, attr, origin, shapes: results.map(({ shape }) => shape) });
    for (const [index, { dataId }] of results.entries()) {
      this.#sources.set(dataId, { kind: 'node', reference: index === 0 ? node : `${node}:${index}` });
    }
    return results;
  }

  /** Notes an array that the body made a tensor of. */
  addConstant(dataId: object, constant: Constant): void {
    if (this.#paused) return;
    const random = this.#faults.randomCall();
    if (random !== undefined) throw this.#fail(random);
    this.#sources.set(dataId, { kind: 'constant', ...constant });
  }

  /** Called when values are read into JavaScript: only those of the body's own constants may be. */
  readBack(dataId: object): RecordedProgramError | undefined {
    if (this.#paused || this.#sources.get(dataId)?.kind === 'constant') return undefined;
    return this.#fail(this.#faults.readBack());
  }

  /**
   * Writes down an operation that changes variables where they are (`ResourceApply…`). Its inputs are the variables'
   * handles, then `inputs`; `compute` does the same eagerly and assigns the variables.
   */
  addUpdate(
    op: string,
    attributes: readonly OperationAttribute[],
    variables: readonly Variable[],
    inputs: readonly TensorInfo[],
    compute: () => void,
  ): void {
    const tracked = variables.map((variable) => this.#tracked(variable, op));
    const references = this.#references(inputs, op);
    for (const one of tracked) this.#assignIfChanged(one);
    const edges = tracked.map((one) => `^${this.#readBeforeWrite(one)}`);
    const node = this.#nodes.add({
      op,
      input: [...tracked.map(({ handle }) => handle), ...references, ...edges],
      attr: nodeAttributes(this.#tensorflow.backend, this.#entry, op, attributes, inputs),
      origin: this.#faults.origin(op),
    });
    this.#paused = true;
    try {
      compute();
    } finally {
      this.#paused = false;
    }
    this.#writes.push(`^${node}`);
    for (const one of tracked) {
      one.writtenBy(node);
      this.#sources.set(one.heldData, { kind: 'variable', tracked: one });
    }
  }

  /** Writes the assigned variables at the body's end, then yields the names of the nodes to fetch, one an output. */
  finish(outputs: Readonly<Record<string, Tensor>>): string[] {
    for (const tracked of this.#variables) this.#assignIfChanged(tracked);
    const done = this.#nodes.add({ op: 'NoOp', input: this.#writes, origin: 'the end of the body', name: 'done' });
    const fetches = Object.entries(outputs).map(([name, tensor]) => {
      const origin = `output '${name}'`;
      const input = [this.#reference(tensor, 'Identity', origin), `^${done}`];
      const attr = { T: this.#typeOf(tensor) };
      return this.#nodes.add({ op: 'Identity', input, attr, origin, shapes: [tensor.shape], name: `output/${name}` });
    });
    return fetches.length > 0 ? fetches : [this.#addNothing(done)];
  }

  /** A run must fetch something; where there are no outputs it fetches a zero that waits for the writes. */
  #addNothing(done: string): string {
    const origin = 'the end of the body';
    const attr = constantContent(this.#tensorflow.backend, Int32Array.of(0), [], 'int32');
    const zero = this.#nodes.add({ op: 'Const', attr, origin });
    return this.#nodes.add({
      op: 'Identity',
      input: [zero, `^${done}`],
      attr: { T: attr.dtype },
      origin,
      name: 'nothing',
    });
  }

  #references(inputs: readonly TensorInfo[], op: string): string[] {
    return inputs.map((tensor, index) => this.#reference(tensor, op, `${this.#faults.origin(op)}, input ${index},`));
  }

  /** What a node writes to take this tensor. `taker` is who wants it, for messages. */
  #reference({ dataId }: TensorInfo, op: string, taker: string): string {
    const source = this.#sources.get(dataId);
    if (source === undefined) throw this.#fail(this.#faults.outside(dataId, op, taker));
    if (source.kind === 'node') return source.reference;
    if (source.kind === 'variable') return source.tracked.read();
    const { values, shape, dtype } = source;
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
      throw this.#fail(this.#faults.unsupported(op, `${taker} takes a constant of ${dtype}`));
    }
    const attr = constantContent(this.#tensorflow.backend, values, shape, dtype);
    const reference = this.#nodes.add({ op: 'Const', attr, origin: taker, shapes: [shape] });
    this.#sources.set(dataId, { kind: 'node', reference });
    return reference;
  }

  #assignIfChanged(tracked: TrackedVariable): void {
    if (!tracked.assigned) return;
    const value = this.#reference(tracked.variable, 'AssignVariableOp', `the assignment of variable '${tracked.name}'`);
    this.#readBeforeWrite(tracked);
    this.#writes.push(`^${tracked.assign(value)}`);
  }

  /** Whoever still takes what the variable held takes it from a read that comes before the write. */
  #readBeforeWrite(tracked: TrackedVariable): string {
    const reference = tracked.read();
    this.#sources.set(tracked.heldData, { kind: 'node', reference });
    return reference;
  }

  #tracked(variable: Variable, op: string): TrackedVariable {
    const tracked = this.#variables.find((one) => one.variable === variable);
    if (tracked === undefined) throw this.#fail(this.#faults.undeclared(variable.name, op));
    return tracked;
  }

  #execute(op: string, execute: () => Tensor[]): Tensor[] {
    try {
      return execute();
    } catch (cause) {
      throw this.#fail(this.#faults.failed(op, cause));
    }
  }

  #typeOf({ dtype }: TensorInfo): AttrValue {
    return { type: this.#tensorflow.backend.getDTypeInteger(dtype) };
  }

  #fail(error: RecordedProgramError): RecordedProgramError {
    this.#failure ??= error;
    return error;
  }
}
