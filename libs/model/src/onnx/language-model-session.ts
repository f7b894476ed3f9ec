import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { DeviceUnavailableError } from './device-unavailable-error.js';

/** Where a model runs: `cpu`, or the nth NVIDIA GPU as `cuda:n`. */
export type Device = 'cpu' | `cuda:${number}`;

/** What is worth telling comes as an error; the library writes nothing of its own. */
const FATAL_ONLY = 4;

/** The version of ONNX Runtime. */
export const ONNX_RUNTIME_VERSION = env.versions.node ?? env.versions.common;

export interface SessionOptions {
  device: Device;
  /** Threads within an operator; left out: as many as there are cores. */
  threads?: number | undefined;
}

/** A language model in ONNX Runtime: `input_ids` int64 [batch, sequence] → `logits` float [batch, sequence, vocabulary]. */
export class LanguageModelSession {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Opens the bytes of an .onnx file. Throws {@link DeviceUnavailableError} rather than run on another device. */
  static async open(onnx: Uint8Array, { device, threads }: SessionOptions): Promise<LanguageModelSession> {
    try {
      const session = await InferenceSession.create(onnx, {
        executionProviders: [executionProvider(device)],
        logSeverityLevel: FATAL_ONLY,
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      });
      return new LanguageModelSession(session);
    } catch (cause) {
      throw device === 'cpu' ? cause : new DeviceUnavailableError(device, cause);
    }
  }

  /** ids [rows, columns], row-major → logits [rows, columns, vocabulary], row-major. Blocks the event loop while it runs. */
  readonly logits = async (ids: Int32Array, rows: number, columns: number): Promise<Float32Array> => {
    const inputIds = new Tensor('int64', BigInt64Array.from(ids, BigInt), [rows, columns]);
    const { logits } = await this.#session.run({ input_ids: inputIds });
    if (!(logits?.data instanceof Float32Array)) throw new TypeError('The graph gave no float logits.');
    return logits.data;
  };

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function executionProvider(device: Device): InferenceSession.ExecutionProviderConfig {
  return device === 'cpu' ? device : { name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) };
}
