import { env, type InferenceSession, Tensor } from 'onnxruntime-node';
import { floatResult } from './float-result.js';
import { openSession, type SessionOptions } from './open-session.js';

/** The version of ONNX Runtime. */
export const ONNX_RUNTIME_VERSION = env.versions.node ?? env.versions.common;

/** Keys and values of tokens that were seen, by the names that the graph takes them under: [rows, H, P, D] each. */
export type Past = Readonly<Record<string, Tensor>>;

export interface Continuation {
  /** [rows, columns], row-major. */
  ids: Int32Array;
  rows: number;
  columns: number;
  /** What {@link LanguageModelSession.advance} gave for the tokens before these; left out: there are none. */
  past?: Past | undefined;
  /** [rows, P + columns], row-major: 1, or 0 for padding; left out: there is none. */
  mask?: Int32Array | undefined;
}

const PAST_PREFIX = 'past_key_values.';
const PRESENT_PREFIX = 'present.';

/**
 * A language model in ONNX Runtime: `input_ids` int64 [batch, sequence] → `logits` float [batch, sequence, vocabulary].
 * Graphs with attention also take a mask and the keys and values of a past (AttentionOnnxPass). Whether one does is read
 * from the graph, not from the model's kind: models exported by earlier versions take `input_ids` alone.
 */
export class LanguageModelSession {
  readonly #session: InferenceSession;
  /** The sizes of an empty past, by the names of its inputs. */
  readonly #pastInputs: ReadonlyMap<string, { heads: number; headSize: number }>;

  private constructor(session: InferenceSession) {
    this.#session = session;
    this.#pastInputs = pastInputs(session);
  }

  /** Opens the bytes of an .onnx file. Throws `DeviceUnavailableError` rather than run on another device. */
  static async open(onnx: Uint8Array, options: SessionOptions): Promise<LanguageModelSession> {
    return new LanguageModelSession(await openSession(onnx, options));
  }

  /** Whether {@link advance} can be asked to continue from a past. */
  get takesPast(): boolean {
    return this.#pastInputs.size > 0;
  }

  /** ids [rows, columns], row-major → logits [rows, columns, vocabulary], row-major. Blocks the event loop while it runs. */
  readonly logits = async (ids: Int32Array, rows: number, columns: number): Promise<Float32Array> =>
    floatResult(await this.#session.run(this.#feeds({ ids, rows, columns }), ['logits']), 'logits');

  /** The same after a past, and the past of what comes next. Throws `TypeError` if the graph takes none. */
  async advance(continuation: Continuation): Promise<{ logits: Float32Array; past: Past }> {
    if (!this.takesPast) throw new TypeError('The graph takes no past: it computes logits from input_ids alone.');
    const results = await this.#session.run(this.#feeds(continuation));
    const past = Object.entries(results).flatMap(([name, tensor]) =>
      name.startsWith(PRESENT_PREFIX) ? [[name.replace(PRESENT_PREFIX, PAST_PREFIX), tensor] as const] : [],
    );
    return { logits: floatResult(results, 'logits'), past: Object.fromEntries(past) };
  }

  /**
   * The keys and values of each layer for ids [rows, columns], row-major: float [rows, H, columns, D] each, the keys of a
   * layer before its values. Throws `TypeError` if the graph takes no past.
   */
  async keysAndValues(ids: Int32Array, rows: number, columns: number): Promise<Float32Array[]> {
    if (!this.takesPast) throw new TypeError('The graph has no keys and values: it has no attention.');
    const names = Array.from(this.#pastInputs.keys(), (name) => name.replace(PAST_PREFIX, PRESENT_PREFIX));
    const results = await this.#session.run(this.#feeds({ ids, rows, columns }), names);
    return names.map((name) => floatResult(results, name));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #feeds({ ids, rows, columns, past, mask }: Continuation): Record<string, Tensor> {
    const input_ids = int64(ids, [rows, columns]);
    if (!this.takesPast) return { input_ids };
    const seen = past ?? this.#emptyPast(rows);
    const total = columns + Object.values(seen)[0]!.dims[2]!;
    const attention_mask = int64(mask ?? new Int32Array(rows * total).fill(1), [rows, total]);
    return { input_ids, attention_mask, ...seen };
  }

  #emptyPast(rows: number): Past {
    const nothing = [...this.#pastInputs].map(
      ([name, { heads, headSize }]) =>
        [name, new Tensor('float32', new Float32Array(0), [rows, heads, 0, headSize])] as const,
    );
    return Object.fromEntries(nothing);
  }
}

function pastInputs({ inputMetadata }: InferenceSession): Map<string, { heads: number; headSize: number }> {
  const inputs = new Map<string, { heads: number; headSize: number }>();
  for (const input of inputMetadata) {
    if (!input.isTensor || !input.name.startsWith(PAST_PREFIX)) continue;
    const [, heads, , headSize] = input.shape;
    if (typeof heads !== 'number' || typeof headSize !== 'number') {
      throw new TypeError(`The graph does not say how many heads ${input.name} has and of what size.`);
    }
    inputs.set(input.name, { heads, headSize });
  }
  return inputs;
}

function int64(values: Int32Array, shape: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}
