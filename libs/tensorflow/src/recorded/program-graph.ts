import type { Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { constantContent } from './constant-content.js';
import { variableHandle } from './tracked-variable.js';
import type { EntryRecording } from './entry-recording.js';
import { type AttrValue, type NodeDef, shapeProto, stringAttr } from './graph-proto.js';

/** The names of the nodes through which a program's variables are written and read. */
export const access = {
  /** A placeholder: the value to write. */
  value: (name: string) => `write-value/${name}`,
  /** Fetch it to write one variable. */
  write: (name: string) => `write/${name}`,
  /** Fetch it to write all variables. */
  writeAll: 'write-all',
  /** Fetch it to read a variable. */
  read: (name: string) => `read/${name}`,
};

/**
 * The whole graph of a program: its variables, what reads and writes them from outside, and the entries. One graph in
 * one session, because graphs that are loaded apart share no variables.
 */
export function programGraph(
  { backend }: TensorFlow,
  variables: Readonly<Record<string, Variable>>,
  entries: readonly EntryRecording[],
): NodeDef[] {
  const zero = { name: 'zero', op: 'Const', input: [], attr: constantContent(backend, Int32Array.of(0), [], 'int32') };
  const int32 = { T: { type: backend.binding.TF_INT32 } };
  const nodes: NodeDef[] = [zero];
  for (const [name, variable] of Object.entries(variables)) {
    const dtype = { type: backend.getDTypeInteger(variable.dtype) };
    nodes.push(...variableNodes(name, dtype, { shape: shapeProto(variable.shape) }), {
      name: access.write(name),
      op: 'Identity',
      input: [zero.name, `^write-assign/${name}`],
      attr: int32,
    });
  }
  const assignments = Object.keys(variables).map((name) => `^write-assign/${name}`);
  nodes.push({ name: access.writeAll, op: 'Identity', input: [zero.name, ...assignments], attr: int32 });
  for (const recording of entries) {
    nodes.push(...recording.nodes.map(({ name, op, input, attr }) => ({ name, op, input, attr })));
  }
  return nodes;
}

function variableNodes(name: string, dtype: AttrValue, shape: AttrValue): NodeDef[] {
  const handle = variableHandle(name);
  const copy = `write-copy/${name}`;
  const handleAttr = { dtype, shape, shared_name: stringAttr(name), container: stringAttr('') };
  return [
    { name: handle, op: 'VarHandleOp', input: [], attr: handleAttr },
    { name: `read-value/${name}`, op: 'ReadVariableOp', input: [handle], attr: { dtype } },
    { name: access.read(name), op: 'Identity', input: [`read-value/${name}`], attr: { T: dtype } },
    { name: access.value(name), op: 'Placeholder', input: [], attr: { dtype, shape } },
    // A variable must not share memory with the array that it was written from.
    { name: copy, op: 'DeepCopy', input: [access.value(name)], attr: { T: dtype } },
    { name: `write-assign/${name}`, op: 'AssignVariableOp', input: [handle, copy], attr: { dtype } },
  ];
}
