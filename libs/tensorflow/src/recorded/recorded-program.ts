import { createHash } from 'node:crypto';
import type { Tensor, Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { activeRecorder } from './active-recording.js';
import {
  checkEntry,
  checkName,
  type Entries,
  type Entry,
  type RunInputs,
  type RunOutputs,
} from './entry-declaration.js';
import { type EntryRecording, recordEntry } from './entry-recording.js';
import { EntryRunner, entrySlots } from './entry-runner.js';
import { encodeGraph } from './graph-proto.js';
import { GraphSession } from './graph-session.js';
import type { InputSlot } from './input-slot.js';
import { programGraph } from './program-graph.js';
import { ProgramDeclarationError, ProgramInputError, UnsupportedOperationError } from './program-errors.js';
import { checkRepeatable } from './repeatability.js';
import { VariableAccess, type VariableValues } from './variable-access.js';

/** What a program is made of. */
export interface ProgramDeclaration<V extends string, E extends Entries> {
  /** The program's state, by the names that it is read and written by. */
  readonly variables: Readonly<Record<V, Variable>>;
  readonly entries: E;
}

/**
 * Records steps written in plain tfjs (variables, gradients, optimizers) and returns a program that runs each of them as
 * one TensorFlow graph:
 *
 *     const weight = tf.variable(tf.zeros([2]));
 *     const program = recordProgram(tensorflow, {
 *       variables: { weight },
 *       entries: {
 *         train: entry({
 *           inputs: { target: { shape: [2], dtype: 'float32' }, rate: { shape: [], dtype: 'float32' } },
 *           body: ({ target, rate }) => {
 *             const { value: loss, grads } = tf.variableGrads(() => weight.sub(target).square().sum());
 *             weight.assign(weight.sub(grads[weight.name].mul(rate)));
 *             return { loss };
 *           },
 *         }),
 *       },
 *     });
 *     const { loss } = program.runNumbers('train', { target: Float32Array.of(1, 2), rate: 0.1 });
 *
 * Each body is run twice, eagerly, on example inputs, and must do the same both times. Recording is no step: afterwards
 * the variables have the data that they had, and the program has a copy of it, so they may be disposed.
 *
 * Throws a {@link RecordedProgramError} that names the entry, the operation and the remedy: ReadBackError,
 * OutsideTensorError, UndeclaredVariableError, RandomOperationError, ChangedConstantError, ChangedGraphError,
 * ChangedShapeError, UnsupportedOperationError, OperationFailedError, MissingAttributeError, GraphRejectedError, or
 * ProgramDeclarationError. What a body itself throws comes through.
 */
export function recordProgram<V extends string, E extends Entries>(
  tensorflow: TensorFlow,
  { variables, entries }: ProgramDeclaration<V, E>,
): RecordedProgram<V, E> {
  if (activeRecorder() !== undefined) {
    throw new UnsupportedOperationError('a program cannot be recorded inside the body of another. Record it before.');
  }
  const start = performance.now();
  checkVariables(variables);
  const recorded = Object.entries<Entry>(entries).map(([name, entry]) => {
    checkEntry(name, entry);
    const slots = entrySlots(tensorflow, name, entry);
    const recording = recordEntry(tensorflow, name, entry, slots, variables, 0);
    checkRepeatable(name, recording, recordEntry(tensorflow, name, entry, slots, variables, 1));
    return { name, slots, recording };
  });
  return new RecordedProgram(tensorflow, variables, recorded, start);
}

/** Steps that run as TensorFlow graphs on variables of their own; made by {@link recordProgram}. */
export class RecordedProgram<V extends string = string, E extends Entries = Entries> {
  /**
   * The sha256 of the graph, in hexadecimal: operations, attributes, shapes and constants, not the variables' values.
   * Equal hashes compute alike on one installation, so it belongs into a checkpoint's fingerprint.
   */
  readonly graphHash: string;
  readonly nodeCount: number;
  /** Milliseconds that recording and opening the session took; compiling is in {@link compileMs}. */
  readonly recordMs: number;
  readonly #tensorflow: TensorFlow;
  readonly #session: GraphSession;
  readonly #variables: VariableAccess;
  readonly #runners: ReadonlyMap<string, EntryRunner>;

  /** @internal */
  constructor(
    tensorflow: TensorFlow,
    variables: Readonly<Record<string, Variable>>,
    entries: readonly { name: string; slots: Record<string, InputSlot>; recording: EntryRecording }[],
    start: number,
  ) {
    const nodes = programGraph(
      tensorflow,
      variables,
      entries.map(({ recording }) => recording),
    );
    this.graphHash = createHash('sha256').update(encodeGraph(nodes)).digest('hex');
    this.nodeCount = nodes.length;
    this.#tensorflow = tensorflow;
    const session = new GraphSession(tensorflow, nodes);
    this.#session = session;
    try {
      this.#variables = new VariableAccess(tensorflow, session, variables);
      if (Object.keys(variables).length > 0) this.#variables.writeAll(variables);
    } catch (error) {
      session.close();
      throw error;
    }
    this.#runners = new Map(
      entries.map(({ name, slots, recording }) => [name, new EntryRunner(tensorflow, session, name, slots, recording)]),
    );
    this.recordMs = performance.now() - start;
  }

  /**
   * Milliseconds of the first run of each entry that has run: TensorFlow optimises the entry's graph in it, and compiles
   * it where XLA is on. It is no measure of later runs.
   */
  get compileMs(): { readonly [K in keyof E]?: number } {
    const times = [...this.#runners].flatMap(([name, { compileMs }]) =>
      compileMs === undefined ? [] : [[name, compileMs]],
    );
    return Object.fromEntries(times);
  }

  /**
   * Runs an entry. Its outputs are tensors that the caller (or the caller's `tf.tidy`) disposes. A typed array that is
   * given is read during the run only.
   * Throws {@link ProgramInputError}, {@link ProgramRunError} or {@link ProgramDisposedError}.
   */
  run<K extends keyof E & string>(name: K, inputs: RunInputs<E[K]>): RunOutputs<E[K], Tensor> {
    const runner = this.#runner(name);
    const results = runner.run(inputs);
    const outputs: Record<string, Tensor> = {};
    for (const [index, output] of runner.outputs.entries()) {
      outputs[output.name] = this.#tensorflow.backend['createOutputTensor'](results[index]!);
    }
    if (runner.outputs.length === 0) this.#delete(results);
    return outputs as RunOutputs<E[K], Tensor>;
  }

  /**
   * Runs an entry whose outputs are all scalars and gives them as numbers, with nothing to dispose. Throws as
   * {@link run} does, and {@link ProgramInputError} for an output that is no scalar.
   */
  runNumbers<K extends keyof E & string>(name: K, inputs: RunInputs<E[K]>): RunOutputs<E[K], number> {
    const runner = this.#runner(name);
    const large = runner.outputs.find(({ shape }) => shape.length > 0);
    if (large !== undefined) {
      throw new ProgramInputError(
        `the output '${large.name}' has the shape [${large.shape.join(', ')}] and is no number. Use run() and read the tensor.`,
        { entry: name },
      );
    }
    const results = runner.run(inputs);
    const outputs: Record<string, number> = {};
    for (const [index, output] of runner.outputs.entries()) {
      outputs[output.name] = this.#tensorflow.backend.binding.tensorDataSync(results[index]!.id)[0]!;
    }
    this.#delete(results);
    return outputs as RunOutputs<E[K], number>;
  }

  /** A copy of a variable's values. */
  read(name: V): VariableValues {
    return this.#variables.read(name);
  }

  /** Copies of all variables' values, or of those that are named, in one run: the first of its kind takes longer. */
  readAll<N extends V = V>(names?: readonly N[]): Record<N, VariableValues> {
    return this.#variables.readAll(names);
  }

  /** Sets a variable to a copy of values of its shape and type. */
  write(name: V, value: VariableValues | Tensor): void {
    this.#variables.write(name, value);
  }

  /** Sets all variables, each to a copy; when one is missing or wrong, none is written. */
  writeAll(values: Readonly<Record<V, VariableValues | Tensor>>): void {
    this.#variables.writeAll(values);
  }

  /** Frees the session, its graph and its variables. Whatever is called afterwards throws {@link ProgramDisposedError}. */
  dispose(): void {
    this.#session.close();
  }

  #runner(name: string): EntryRunner {
    const runner = this.#runners.get(name);
    if (runner !== undefined) return runner;
    throw new ProgramInputError(
      `there is no entry '${name}'. The program's are: ${[...this.#runners.keys()].join(', ')}.`,
    );
  }

  #delete(results: readonly { readonly id: number }[]): void {
    for (const { id } of results) this.#tensorflow.backend.binding.deleteTensor(id);
  }
}

function checkVariables(variables: Readonly<Record<string, Variable>>): void {
  const names = new Map<Variable, string>();
  for (const [name, variable] of Object.entries(variables)) {
    checkName('variable', name);
    const other = names.get(variable);
    if (other !== undefined || variable.isDisposed) {
      const fault = other === undefined ? 'was disposed' : `is the same as '${other}'`;
      throw new ProgramDeclarationError(`the variable '${name}' ${fault}. List each living tf.Variable once.`);
    }
    names.set(variable, name);
  }
}
