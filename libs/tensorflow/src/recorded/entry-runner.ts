import type { TensorFlow } from '../load-tensorflow.js';
import type { Entry, InputValue } from './entry-declaration.js';
import type { EntryRecording } from './entry-recording.js';
import { type GraphSession, type Signature, signature } from './graph-session.js';
import { InputSlot } from './input-slot.js';
import { ProgramInputError } from './program-errors.js';

/** The slots of an entry's declared inputs, in their order. */
export function entrySlots(tensorflow: TensorFlow, name: string, { inputs }: Entry): Record<string, InputSlot> {
  const slots = Object.entries(inputs).map(([input, declaration]) => [
    input,
    new InputSlot(tensorflow, `input '${input}'`, declaration, name),
  ]);
  return Object.fromEntries(slots);
}

/** An entry that can be run: its declared inputs go in, the binding's tensors come out in the order of `outputs`. */
export class EntryRunner {
  readonly outputs: EntryRecording['outputs'];
  /** Milliseconds of the first run, in which TensorFlow optimises and compiles what the entry needs. */
  compileMs: number | undefined;
  readonly #slots: readonly (readonly [string, InputSlot])[];
  readonly #signature: Signature;

  constructor(
    private readonly tensorflow: TensorFlow,
    private readonly session: GraphSession,
    private readonly name: string,
    slots: Readonly<Record<string, InputSlot>>,
    { feeds, fetches, outputs }: EntryRecording,
  ) {
    this.outputs = outputs;
    this.#slots = Object.entries(slots);
    this.#signature = signature(feeds, fetches);
  }

  /** Throws {@link ProgramInputError} for an input that is missing, unknown, or not as declared. */
  run(inputs: Readonly<Record<string, InputValue | undefined>>): ReturnType<GraphSession['run']> {
    for (const input in inputs) if (!this.#slots.some(([name]) => name === input)) throw this.#unknown(input);
    const made: number[] = [];
    try {
      const ids = this.#slots.map(([name, slot]) => slot.tensorId(inputs[name], made));
      if (this.compileMs !== undefined) return this.session.run(ids, this.#signature, this.name);
      const start = performance.now();
      const results = this.session.run(ids, this.#signature, this.name);
      this.compileMs = performance.now() - start;
      return results;
    } finally {
      for (const id of made) this.tensorflow.backend.binding.deleteTensor(id);
    }
  }

  #unknown(input: string): ProgramInputError {
    const names = this.#slots.map(([name]) => name).join(', ') || 'none';
    return new ProgramInputError(`there is no input '${input}'. The declared inputs are: ${names}.`, {
      entry: this.name,
    });
  }
}
