import type { Tensor, Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { listenTo } from './active-recording.js';
import { checkName, type Entry } from './entry-declaration.js';
import { EntryRecorder } from './entry-recorder.js';
import type { InputSlot } from './input-slot.js';
import { OUTSIDE_XLA } from './operation-attributes.js';
import { ProgramDeclarationError, UndeclaredVariableError } from './program-errors.js';
import type { RecordedNode } from './recorded-node.js';

/** What one run of a body gave. */
export interface EntryRecording {
  readonly nodes: readonly RecordedNode[];
  /** The placeholders to feed, in the order of the declared inputs. */
  readonly feeds: readonly string[];
  /** The nodes to fetch, in the order of `outputs`; one that yields nothing of interest where there are no outputs. */
  readonly fetches: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

type Variables = Readonly<Record<string, Variable>>;

/**
 * Runs a body once, eagerly, on one of the two examples of its inputs, and writes it down. Afterwards every variable
 * has the data that it had, and no tensor is left.
 */
export function recordEntry(
  tensorflow: TensorFlow,
  name: string,
  entry: Entry,
  slots: Readonly<Record<string, InputSlot>>,
  variables: Variables,
  turn: 0 | 1,
): EntryRecording {
  const { tf } = tensorflow;
  const inputs: Record<string, Tensor> = {};
  const restoreVariables = separateVariables(tensorflow, variables);
  try {
    for (const [input, slot] of Object.entries(slots)) {
      inputs[input] = tf.keep(slot.exampleTensor(entry.inputs[input]?.examples, turn));
    }
    const recorder = new EntryRecorder(tensorflow, name, variables);
    const feeds = Object.entries(inputs).map(([input, tensor]) => recorder.addInput(input, tensor));
    const others = otherVariables(tensorflow, variables);
    let recording: EntryRecording | undefined;
    listenTo(tensorflow, recorder, () => {
      // Inside one tidy, so that nothing the body made outlives it, whatever it returns.
      tf.tidy(() => {
        const outputs = runBody(name, entry, inputs, recorder);
        checkOtherVariables(name, others, otherVariables(tensorflow, variables));
        const fetches = recorder.finish(outputs);
        const shapes = Object.entries(outputs).map(([output, { shape }]) => ({ name: output, shape: [...shape] }));
        const nodes = entry.xla === false ? recorder.nodes.map(outsideXla) : recorder.nodes;
        recording = { nodes, feeds, fetches, outputs: shapes };
      });
    });
    return recording!;
  } finally {
    restoreVariables();
    tf.dispose(inputs);
  }
}

function outsideXla(node: RecordedNode): RecordedNode {
  return { ...node, attr: { ...node.attr, ...OUTSIDE_XLA } };
}

/**
 * Gives each variable data of its own: variables that were made from one tensor share its data, and a recorder could not
 * tell them, nor that tensor, apart. The function returned puts back what every variable of the process had.
 */
function separateVariables({ tf, backend }: TensorFlow, variables: Variables): () => void {
  const all = new Set([...Object.values(tf.engine().registeredVariables), ...Object.values(variables)]);
  const held = [...all].map((variable) => ({ variable, value: tf.keep(variable.clone()) }));
  for (const variable of Object.values(variables)) {
    const type = { name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.getDTypeInteger(variable.dtype) };
    const own = backend.executeSingleOutput('Identity', [type], [variable]);
    variable.assign(own);
    own.dispose();
  }
  return () => {
    for (const { variable, value } of held) {
      if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  };
}

function runBody(name: string, entry: Entry, inputs: Record<string, Tensor>, recorder: EntryRecorder) {
  let result: unknown;
  try {
    result = entry.body(inputs);
  } catch (error) {
    // tfjs may wrap what was thrown, and the body may have thrown on because of it.
    throw recorder.failure ?? error;
  }
  if (recorder.failure !== undefined) throw recorder.failure;
  return bodyOutputs(name, result);
}

function bodyOutputs(entry: string, result: unknown): Record<string, Tensor> {
  if (result === undefined) return {};
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new ProgramDeclarationError(
      'the body is asynchronous. Take out `async` and `await`: a graph is recorded at once.',
      {
        entry,
      },
    );
  }
  if (typeof result !== 'object' || result === null || isTensor(result)) {
    throw new ProgramDeclarationError('the body must return its outputs by name, such as { loss }, or nothing.', {
      entry,
    });
  }
  const outputs: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(result)) {
    checkName('output', name, entry);
    if (!isTensor(value)) {
      throw new ProgramDeclarationError(`the output '${name}' is no tensor. Return tensors only, by name.`, { entry });
    }
    outputs[name] = value;
  }
  return outputs;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value && 'shape' in value;
}

/** The data of the variables that the program does not list, by their tfjs names. */
function otherVariables({ tf }: TensorFlow, variables: Variables): Map<string, object> {
  const listed = new Set(Object.values(variables));
  const others = Object.entries(tf.engine().registeredVariables).filter(([, variable]) => !listed.has(variable));
  return new Map(others.map(([name, variable]) => [name, variable.dataId]));
}

function checkOtherVariables(entry: string, before: Map<string, object>, after: Map<string, object>): void {
  for (const [name, dataId] of after) {
    if (before.get(name) === dataId) continue;
    const what = before.has(name) ? 'assigns' : 'makes';
    throw new UndeclaredVariableError(
      `the body ${what} the variable '${name}', which the program does not list. Make it before the program is recorded ` +
        '(an optimizer of tfjs makes its own in its first step: take one before) and add it to `variables`.',
      { entry },
    );
  }
}
