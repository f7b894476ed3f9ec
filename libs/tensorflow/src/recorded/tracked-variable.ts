import type { Variable } from '@tensorflow/tfjs-node-gpu';
import type { AttrValue } from './graph-proto.js';
import type { NodeList } from './recorded-node.js';

/** The name of the node that stands for a program's variable; all entries share it. */
export function variableHandle(name: string): string {
  return `variable/${name}`;
}

/**
 * A variable while an entry is recorded. tfjs replaces a variable's data where the graph writes its resource, so this
 * keeps which data the resource holds, and puts reads and writes in an order that control edges then enforce: a write
 * comes after the read of what it replaces, and a read after the last write.
 */
export class TrackedVariable {
  readonly handle: string;
  #heldData: object;
  #read: string | undefined;
  #lastWrite: readonly string[] = [];

  constructor(
    readonly name: string,
    readonly variable: Variable,
    private readonly dtype: AttrValue,
    private readonly nodes: NodeList,
  ) {
    this.handle = variableHandle(name);
    this.#heldData = variable.dataId;
  }

  /** The data, as tfjs knows it, that the resource holds at this point of the body. */
  get heldData(): object {
    return this.#heldData;
  }

  /** Whether the body has assigned data that the resource does not hold yet. */
  get assigned(): boolean {
    return this.variable.dataId !== this.#heldData;
  }

  /** The node that reads the resource as it is at this point of the body. */
  read(): string {
    this.#read ??= this.nodes.add({
      op: 'ReadVariableOp',
      input: [this.handle, ...this.#lastWrite],
      attr: { dtype: this.dtype },
      shapes: [this.variable.shape],
      origin: `the read of variable '${this.name}'`,
    });
    return this.#read;
  }

  /** Notes that `node` has made the resource hold what the tfjs variable has. */
  writtenBy(node: string): void {
    this.#heldData = this.variable.dataId;
    this.#read = undefined;
    this.#lastWrite = [`^${node}`];
  }

  /** Adds the assignment of `value`, which follows the read of what it replaces. */
  assign(value: string): string {
    const node = this.nodes.add({
      op: 'AssignVariableOp',
      input: [this.handle, value, `^${this.read()}`],
      attr: { dtype: this.dtype },
      origin: `the assignment of variable '${this.name}'`,
    });
    this.writtenBy(node);
    return node;
  }
}
