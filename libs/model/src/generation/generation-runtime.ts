import { ONNX_RUNTIME_VERSION } from '../onnx/language-model-session.js';
import type { Device } from '../onnx/open-session.js';

/** What generations run on: the device that models are opened on (opening fails where it is missing), and versions. */
export function generationRuntime(device: Device): { device: Device; libraries: { onnxruntime: string } } {
  return { device, libraries: { onnxruntime: ONNX_RUNTIME_VERSION } };
}
