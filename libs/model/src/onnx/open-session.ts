import { env, InferenceSession } from 'onnxruntime-node';
import { DeviceUnavailableError } from './device-unavailable-error.js';

/** Where a model runs: `cpu`, or the nth NVIDIA GPU as `cuda:n`. */
export type Device = 'cpu' | `cuda:${number}`;

export interface SessionOptions {
  device: Device;
  /** Threads within an operator; left out: as many as there are cores. */
  threads?: number | undefined;
  /** False frees what a run took when it ends, rather than keep it for the next; left out: true. */
  keepsMemory?: boolean | undefined;
}

/** What is worth reporting comes as an error; the library prints nothing of its own. */
const FATAL_ONLY = 4;

// Read once, when the process opens its first session; before it has one, errors go to the library's own log.
env.logLevel = 'fatal';

/** Opens the bytes of an .onnx file. Throws {@link DeviceUnavailableError} rather than run on another device. */
export async function openSession(onnx: Uint8Array, options: SessionOptions): Promise<InferenceSession> {
  const { device, threads, keepsMemory = true } = options;
  try {
    return await InferenceSession.create(onnx, {
      executionProviders: [executionProvider(device)],
      logSeverityLevel: FATAL_ONLY,
      enableCpuMemArena: keepsMemory,
      enableMemPattern: keepsMemory,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    });
  } catch (cause) {
    throw device === 'cpu' ? cause : new DeviceUnavailableError(device, cause);
  }
}

function executionProvider(device: Device): InferenceSession.ExecutionProviderConfig {
  return device === 'cpu' ? device : { name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) };
}
