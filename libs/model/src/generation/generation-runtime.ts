import { env } from 'onnxruntime-node';
import { type Device, requireDevice } from '../onnx/language-model-session.js';

/** What generates here: a device, and the libraries' versions by name. Throws `DeviceUnavailableError`. */
export function generationRuntime(device: Device): { device: Device; libraries: Record<string, string> } {
  requireDevice(device);
  return { device, libraries: { onnxruntime: env.versions.node ?? env.versions.common } };
}
