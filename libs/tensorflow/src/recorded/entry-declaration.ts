import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { ProgramDeclarationError } from './program-errors.js';

export type InputDType = 'float32' | 'int32' | 'bool';

/** What a run takes for an input: a plain number or boolean where its shape is [], its own kind of array, or a tensor. */
export type InputValue<D extends InputDType = InputDType> =
  Tensor | { float32: number | Float32Array; int32: number | Int32Array; bool: boolean | Uint8Array }[D];

/** What changes from one run of an entry to the next. */
export interface InputDeclaration {
  /** The only shape that a run takes; [] is a scalar. */
  readonly shape: readonly number[];
  readonly dtype: InputDType;
  /**
   * The two values that the body is recorded with. Without them: all 0, then all 1 (int32, bool), or all 0.25, then
   * all 0.5 (float32). Only a body that fails with those needs others.
   */
  readonly examples?: readonly [InputValue, InputValue];
}

export type InputDeclarations = Readonly<Record<string, InputDeclaration>>;
export type EntryOutputs = Readonly<Record<string, Tensor>>;

/** One thing that a program does: a body in plain tfjs, and the inputs that it is a function of. */
export interface Entry<
  I extends InputDeclarations = InputDeclarations,
  O extends EntryOutputs | void = EntryOutputs | void,
> {
  readonly inputs: I;
  /** False keeps XLA away, which takes a second or more to compile an entry: for one that runs seldom. */
  readonly xla?: boolean;
  /** May read and assign the program's variables, and returns its outputs by name. Must not read values back. */
  body(inputs: { readonly [K in keyof I]: Tensor }): O;
}

export type Entries = Readonly<Record<string, Entry>>;

/** What a run of an entry is given. */
export type RunInputs<E extends Entry> = { readonly [K in keyof E['inputs']]: InputValue<E['inputs'][K]['dtype']> };

/** What a run of an entry yields, each output as a `Value`. */
export type RunOutputs<E extends Entry, Value> =
  ReturnType<E['body']> extends infer O ? { [K in O extends EntryOutputs ? keyof O : never]: Value } : never;

/** Returns the entry as it is; it only tells the compiler that inputs and body belong together. */
export function entry<const I extends InputDeclarations, O extends EntryOutputs | void>(
  declaration: Entry<I, O>,
): Entry<I, O> {
  return declaration;
}

const entryNamePattern = /^[A-Za-z][A-Za-z0-9_-]*$/u;
const variableNamePattern = /^[A-Za-z0-9_.][A-Za-z0-9_./-]*$/u;
const dtypes: readonly string[] = ['float32', 'int32', 'bool'];

/** Throws {@link ProgramDeclarationError} for a name that a graph cannot carry. */
export function checkName(kind: 'entry' | 'input' | 'output' | 'variable', name: string, entryName?: string): void {
  const pattern = kind === 'variable' ? variableNamePattern : entryNamePattern;
  if (pattern.test(name)) return;
  const allowed = kind === 'variable' ? 'letters, digits and _ . / -' : 'a letter, then letters, digits, _ and -';
  throw new ProgramDeclarationError(
    `the ${kind} name '${name}' cannot be a name in a graph. Use ${allowed}.`,
    entryName === undefined ? {} : { entry: entryName },
  );
}

/** Throws {@link ProgramDeclarationError} for an entry whose inputs are not declared as they must be. */
export function checkEntry(name: string, { inputs }: Entry): void {
  checkName('entry', name);
  for (const [input, { shape, dtype }] of Object.entries(inputs)) {
    checkName('input', input, name);
    const wrongSize = shape.find((size) => !Number.isSafeInteger(size) || size < 1);
    if (wrongSize !== undefined) {
      throw new ProgramDeclarationError(
        `input '${input}' has a dimension of ${wrongSize}. Declare positive integers; an entry has one shape.`,
        { entry: name },
      );
    }
    if (!dtypes.includes(dtype)) {
      throw new ProgramDeclarationError(`input '${input}' is ${dtype}. Declare one of ${dtypes.join(', ')}.`, {
        entry: name,
      });
    }
  }
}
