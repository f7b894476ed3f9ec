import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TensorFlow } from '../load-tensorflow.js';
import { activeRecorder } from './active-recording.js';
import { encodeSavedModel, type NodeDef, savedModelTag } from './graph-proto.js';
import {
  GraphRejectedError,
  MissingAttributeError,
  ProgramDisposedError,
  ProgramRunError,
  UnsupportedOperationError,
} from './program-errors.js';

type Binding = TensorFlow['backend']['binding'];
type Metadata = ReturnType<Binding['runSavedModel']>;

/** What a run feeds and fetches, as the binding wants it: names parted by commas. */
export interface Signature {
  readonly feeds: string;
  readonly fetches: string;
}

export function signature(feeds: readonly string[], fetches: readonly string[]): Signature {
  return { feeds: feeds.map((name) => `${name}:0`).join(','), fetches: fetches.map((name) => `${name}:0`).join(',') };
}

/** A graph that TensorFlow has loaded, with its variables. It holds their memory until it is closed. */
export class GraphSession {
  readonly #binding: Binding;
  #id: number | undefined;

  /**
   * Opens a session by way of the only door that tfjs-node's binding has: a SavedModel in a folder, which is gone again
   * afterwards. Throws {@link MissingAttributeError} or {@link GraphRejectedError}.
   */
  constructor({ backend }: TensorFlow, nodes: readonly NodeDef[]) {
    this.#binding = backend.binding;
    const folder = mkdtempSync(path.join(tmpdir(), 'recorded-program-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), encodeSavedModel(nodes));
      this.#id = this.#binding.loadSavedModel(folder, savedModelTag);
    } catch (cause) {
      throw rejection(cause, nodes);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Runs the part of the graph that the fetches need. The tensors given back are the caller's, by their ids. */
  run(tensorIds: number[], { feeds, fetches }: Signature, entry?: string): Metadata {
    if (this.#id === undefined) {
      throw new ProgramDisposedError('the program was disposed. Record it anew, or dispose it later.', place(entry));
    }
    if (activeRecorder() !== undefined) {
      throw new UnsupportedOperationError(
        'a program cannot be used inside a body that is being recorded. Share the function that its body calls instead.',
        place(entry),
      );
    }
    try {
      return this.#binding.runSavedModel(this.#id, tensorIds, feeds, fetches);
    } catch (cause) {
      throw new ProgramRunError(
        `TensorFlow failed: ${message(cause)}. Where the values of an input are to blame, check them before the run.`,
        place(entry),
        cause,
      );
    }
  }

  /** Frees the session, its graph and its variables. More than once is once. */
  close(): void {
    if (this.#id !== undefined) this.#binding.deleteSavedModel(this.#id);
    this.#id = undefined;
  }
}

function place(entry: string | undefined) {
  return entry === undefined ? {} : { entry };
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * TensorFlow says either `No attr named 'T' in NodeDef: [[{{node entries/train/Square_2}}]]` or
 * `NodeDef missing attrs 'T', 'Tdim' from Op<name=ExpandDims; …>`, and where there is room the node after it.
 */
function rejection(cause: unknown, nodes: readonly NodeDef[]): GraphRejectedError | MissingAttributeError {
  const text = message(cause);
  const list = /(?:No attr named|NodeDef missing attrs?) (?<list>'\w+'(?:, '\w+')*)/u.exec(text)?.groups?.['list'];
  const missing = [...(list ?? '').matchAll(/\w+/gu)].map(([name]) => name);
  const nodeName = /\{\{node (?<name>[^}]+)\}\}/u.exec(text)?.groups?.['name'];
  const opName = /Op<name=(?<name>\w+)/u.exec(text)?.groups?.['name'];
  const lacks = ({ name, op, attr }: NodeDef) =>
    (nodeName === undefined ? op === opName : name === nodeName) && missing.every((attribute) => !(attribute in attr));
  const node = nodes.find(lacks);
  const where = { ...place(/^entries\/([^/]+)\//u.exec(node?.name ?? '')?.[1]), ...(node && { operation: node.op }) };
  if (node === undefined || missing.length === 0) {
    return new GraphRejectedError(
      `TensorFlow does not accept the recorded graph: ${text}. Take the operation that it names out of the body, or give ` +
        'it the attributes that its definition asks for.',
      where,
      cause,
    );
  }
  return new MissingAttributeError(
    `operation ${node.op} was given no attribute ${list}. Eager execution infers what a graph must be told: where the ` +
      `operation is called, add { name: '${missing[0]}', type: backend.binding.TF_ATTR_TYPE, value: … }, or whatever kind ` +
      'and value its definition yields it.',
    where,
    cause,
  );
}
