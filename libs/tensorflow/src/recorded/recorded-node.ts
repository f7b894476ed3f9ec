import type { NodeDef } from './graph-proto.js';

/** A node and what is told about it when something is wrong. */
export interface RecordedNode extends NodeDef {
  /** The shapes of its results when it was recorded; the graph is built on them. */
  readonly shapes: readonly (readonly number[])[];
  /** Who made it, such as `operation Add (tf.dropout > tf.add)`; of a constant, who takes it. */
  readonly origin: string;
}

/** The nodes of one entry in the order that they were recorded in: each takes only what came before it. */
export class NodeList {
  readonly nodes: RecordedNode[] = [];

  constructor(private readonly entry: string) {}

  /** Adds a node under a name of its own, which it returns. */
  add({ op, input = [], attr = {}, shapes = [], origin, name }: NewNode): string {
    const node = {
      name: `entries/${this.entry}/${name ?? `${op}_${this.nodes.length}`}`,
      op,
      input,
      attr,
      shapes,
      origin,
    };
    this.nodes.push(node);
    return node.name;
  }
}

type NewNode = Pick<RecordedNode, 'op' | 'origin'> & Partial<RecordedNode>;
