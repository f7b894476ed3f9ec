import { ONNX_RUNTIME_VERSION } from '../onnx/language-model-session.js';
import { OnnxGraph } from '../onnx/onnx-graph.js';
import { openSession, type Device } from '../onnx/open-session.js';

/**
 * What generations in this process run on. It opens a graph of one operator there, so that a device which cannot be used is
 * found before a job needs it. Throws `DeviceUnavailableError`.
 */
export async function generationRuntime(
  device: Device,
): Promise<{ device: Device; libraries: { onnxruntime: string } }> {
  const graph = new OnnxGraph('probe');
  const x = graph.input('x', 'float', [1]);
  graph.output(graph.node('Add', [x, x], {}, 'y'), 'float', [1]);
  const session = await openSession(graph.encode(), { device, threads: 1 });
  await session.release();
  return { device, libraries: { onnxruntime: ONNX_RUNTIME_VERSION } };
}
