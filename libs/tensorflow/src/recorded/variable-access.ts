import type { Tensor, Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import type { InputDType } from './entry-declaration.js';
import { type GraphSession, signature } from './graph-session.js';
import { InputSlot } from './input-slot.js';
import { access } from './program-graph.js';
import { ProgramDeclarationError, ProgramInputError } from './program-errors.js';

/** A variable's values, row by row, as an array of its own kind: bool as 0 and 1. */
export type VariableValues = Float32Array | Int32Array | Uint8Array;

/** Reads and writes the variables of a session by name, always by copy. */
export class VariableAccess {
  readonly #slots: ReadonlyMap<string, InputSlot>;

  constructor(
    private readonly tensorflow: TensorFlow,
    private readonly session: GraphSession,
    variables: Readonly<Record<string, Variable>>,
  ) {
    this.#slots = new Map(
      Object.entries(variables).map(([name, variable]) => [name, slot(tensorflow, name, variable)]),
    );
  }

  read(name: string): VariableValues {
    this.#slot(name);
    return this.#read([name])[0]!;
  }

  readAll(names: readonly string[] = [...this.#slots.keys()]): Record<string, VariableValues> {
    for (const name of names) this.#slot(name);
    const values = names.length === 0 ? [] : this.#read(names);
    return Object.fromEntries(names.map((name, index) => [name, values[index]!]));
  }

  write(name: string, value: VariableValues | Tensor): void {
    this.#run([[this.#slot(name), value]], [access.value(name)], access.write(name));
  }

  /** Writes every variable in one run; throws {@link ProgramInputError} before any is written if one is missing. */
  writeAll(values: Readonly<Record<string, VariableValues | Tensor>>): void {
    for (const name of Object.keys(values)) this.#slot(name);
    const names = [...this.#slots.keys()];
    const missing = names.find((name) => values[name] === undefined);
    if (missing !== undefined) {
      throw new ProgramInputError(`a value for variable '${missing}' is missing. Give all, or write one at a time.`);
    }
    const entries = [...this.#slots].map(([name, slot]) => [slot, values[name]!] as const);
    this.#run(
      entries,
      names.map((name) => access.value(name)),
      access.writeAll,
    );
  }

  #run(
    values: readonly (readonly [InputSlot, VariableValues | Tensor])[],
    feeds: readonly string[],
    fetch: string,
  ): void {
    const { binding } = this.tensorflow.backend;
    const made: number[] = [];
    try {
      const ids = values.map(([slot, value]) => slot.tensorId(value, made));
      for (const { id } of this.session.run(ids, signature(feeds, [fetch]))) made.push(id);
    } finally {
      for (const id of made) binding.deleteTensor(id);
    }
  }

  #read(names: readonly string[]): VariableValues[] {
    const { binding } = this.tensorflow.backend;
    const results = this.session.run(
      [],
      signature(
        [],
        names.map((name) => access.read(name)),
      ),
    );
    try {
      return results.map(({ id }) => binding.tensorDataSync(id));
    } finally {
      for (const { id } of results) binding.deleteTensor(id);
    }
  }

  #slot(name: string): InputSlot {
    const found = this.#slots.get(name);
    if (found !== undefined) return found;
    throw new ProgramInputError(
      `there is no variable '${name}'. The program's are: ${[...this.#slots.keys()].join(', ')}.`,
    );
  }
}

function slot(tensorflow: TensorFlow, name: string, { shape, dtype }: Variable): InputSlot {
  if (isInputDType(dtype)) return new InputSlot(tensorflow, `variable '${name}'`, { shape, dtype });
  throw new ProgramDeclarationError(`variable '${name}' is ${dtype}. A program holds float32, int32 and bool.`);
}

function isInputDType(dtype: Variable['dtype']): dtype is InputDType {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}
