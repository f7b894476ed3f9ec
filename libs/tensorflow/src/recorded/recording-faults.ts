import type { Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import {
  OperationFailedError,
  OutsideTensorError,
  RandomOperationError,
  ReadBackError,
  type RecordedProgramError,
  UndeclaredVariableError,
  UnsupportedOperationError,
} from './program-errors.js';

/** Makes the errors of one entry's recording: what is wrong, where, and what to do instead. */
export class RecordingFaults {
  constructor(
    private readonly tensorflow: TensorFlow,
    private readonly entry: string,
    private readonly listed: Readonly<Record<string, Variable>>,
  ) {}

  /** What tfjs is doing now, such as `operation Add (tf.dropout > tf.add)`. */
  origin(operation: string): string {
    const path = this.#path();
    return path === undefined ? `operation ${operation}` : `operation ${operation} (${path})`;
  }

  readBack(): RecordedProgramError {
    const [operation] = this.#calls();
    const reader = this.#path() ?? 'the body (by dataSync, arraySync, data, array or print)';
    return new ReadBackError(
      `${reader} reads a tensor's values back to JavaScript, and the graph would keep what was read here for ever. ` +
        'Compute with tensors instead (gatherRows for tf.gather, tf.where for an if), or return the tensor as an output.',
      { entry: this.entry, ...(operation !== undefined && { operation }) },
    );
  }

  /** `taker` used data that the recording knows nothing of. */
  outside(dataId: object, operation: string, taker: string): RecordedProgramError {
    const place = { entry: this.entry, operation };
    const registered = Object.values(this.tensorflow.tf.engine().registeredVariables);
    const listed = Object.values(this.listed);
    const variable = registered.find((one) => one.dataId === dataId && !listed.includes(one));
    if (variable !== undefined) {
      return new UndeclaredVariableError(
        `${taker} takes the variable '${variable.name}', which the program does not list. ` +
          'Make it before the program is recorded and add it to `variables`.',
        place,
      );
    }
    return new OutsideTensorError(
      `${taker} takes a tensor that was made before the recording. Make it inside the body if it never changes, ` +
        'declare it as an input if it does, or keep it in a variable of the program.',
      place,
    );
  }

  undeclared(variable: string, operation: string): RecordedProgramError {
    return new UndeclaredVariableError(
      `${this.origin(operation)} changes the variable '${variable}', which the program does not list. Add it to \`variables\`.`,
      { entry: this.entry, operation },
    );
  }

  /** An array that became a tensor while one of tfjs's random functions ran: JavaScript drew it, once and for all. */
  randomCall(): RecordedProgramError | undefined {
    const call = this.#calls().find((name) => /^(?:rand|random[A-Z]\w*|truncatedNormal)$/u.test(name));
    return call === undefined ? undefined : this.#random(`tf.${call}`, this.#path() ?? call);
  }

  hiddenState(operation: string): RecordedProgramError {
    return this.#random(operation, this.origin(operation));
  }

  failed(operation: string, cause: unknown): RecordedProgramError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new OperationFailedError(
      `${this.origin(operation)} failed while the body ran on its example inputs: ${reason}. ` +
        'If it would not fail with other values, give the inputs `examples`.',
      { entry: this.entry, operation },
      cause,
    );
  }

  unsupported(operation: string, what: string): RecordedProgramError {
    return new UnsupportedOperationError(
      `${what}. A recorded graph holds float32, int32 and bool (and complex64 between operations): take it out of the body.`,
      { entry: this.entry, operation },
    );
  }

  #random(operation: string, caller: string): RecordedProgramError {
    return new RandomOperationError(
      `${caller} draws random numbers that no input determines: the graph would repeat the same ones, or a resumed ` +
        'training would continue with others. Use statelessUniform with a seed that is a declared input.',
      { entry: this.entry, operation },
    );
  }

  #path(): string | undefined {
    const calls = this.#calls();
    return calls.length === 0 ? undefined : calls.map((name) => `tf.${name}`).join(' > ');
  }

  /** The operations of tfjs that are being called now, outermost first. tfjs names their scopes `matMul__op`. */
  #calls(): string[] {
    const names = this.tensorflow.tf.engine().state.scopeStack.map(({ name }) => name);
    return names.filter((name) => name.endsWith('__op')).map((name) => name.slice(0, -'__op'.length));
  }
}
