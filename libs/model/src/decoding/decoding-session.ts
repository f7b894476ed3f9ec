import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { LanguageModelSession } from '../onnx/language-model-session.js';
import { floatResult } from '../onnx/float-result.js';
import { openSession, type SessionOptions } from '../onnx/open-session.js';
import { hasPenalty, type SamplingRules } from '../sampling/sampling-rules.js';
import type { SeenTokens } from '../sampling/seen-tokens.js';
import { cacheNames, type CacheSizes } from './kv-cache.js';

/** A sequence of a chunk. */
export interface ChunkRow {
  lastToken: number;
  pastLength: number;
  /** As graph-rules.ts gives them. */
  rules: Required<SamplingRules>;
  /** The tokens that it has; looked at where its rules have a penalty. */
  seen: SeenTokens;
}

/** Keys and values of a chunk. */
export interface ChunkCache {
  /** How many tokens there are. */
  length: number;
  /** [rows, H, length, D] for each of {@link cacheNames}; none at all where there are no tokens. */
  arrays: readonly Float32Array[];
}

/** What the next tokens of a chunk are computed from. */
export interface StepInputs {
  /** Of each sequence. */
  rows: readonly ChunkRow[];
  /** [steps, rows], row-major. */
  uniforms: Float32Array;
  steps: number;
  /** [rows, H, slots, D] for each of {@link cacheNames}. They are read where they are, and must stay so until the end. */
  past: readonly Float32Array[];
  slots: number;
  /** What earlier runs gave of the chunk. */
  chunk: ChunkCache;
  /** Whether the logits are wanted. */
  withLogits: boolean;
}

export interface StepResults {
  /** [steps, rows], row-major. */
  tokens: Int32Array;
  /** [steps, rows, vocabulary], row-major; empty if they were not asked for. */
  logits: Float32Array;
  /** The chunk with these steps. */
  chunk: ChunkCache;
}

/** A decoding graph (decoding-graph.ts) in ONNX Runtime. */
export class DecodingSession {
  readonly sizes: CacheSizes;
  readonly #session: InferenceSession;
  readonly #pastNames: readonly string[];
  readonly #chunkNames: readonly string[];
  readonly #newNames: readonly string[];

  private constructor(session: InferenceSession) {
    this.#session = session;
    this.sizes = cacheSizes(session);
    this.#pastNames = cacheNames('past', this.sizes.nLayer);
    this.#chunkNames = cacheNames('chunk', this.sizes.nLayer);
    this.#newNames = cacheNames('new', this.sizes.nLayer);
  }

  /** Opens the bytes of decoding.onnx. Throws `DeviceUnavailableError` rather than run on another device. */
  static async open(onnx: Uint8Array, options: SessionOptions): Promise<DecodingSession> {
    return new DecodingSession(await openSession(onnx, options));
  }

  /** Draws `steps` tokens for each row. Blocks the event loop while it runs. */
  async run({ rows, uniforms, steps, past, slots, chunk, withLogits }: StepInputs): Promise<StepResults> {
    const count = rows.length;
    const { nHead, headSize } = this.sizes;
    const integers = (values: readonly number[], shape: readonly number[]) =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
    const floats = (values: readonly number[]) => new Tensor('float32', Float32Array.from(values), [count, 1]);
    const feeds: Record<string, Tensor> = {
      last_token: integers(
        rows.map((row) => row.lastToken),
        [count],
      ),
      past_length: integers(
        rows.map((row) => row.pastLength),
        [count],
      ),
      uniforms: new Tensor('float32', uniforms, [steps, count, 1]),
      temperature: floats(rows.map((row) => row.rules.temperature)),
      top_k: integers(
        rows.map((row) => row.rules.topK),
        [count, 1],
      ),
      top_p: floats(rows.map((row) => row.rules.topP)),
      repetition_penalty: floats(rows.map((row) => row.rules.repetitionPenalty)),
      seen: seenTensor(rows),
    };
    for (const [at, name] of this.#pastNames.entries()) {
      feeds[name] = new Tensor('float32', past[at]!, [count, nHead, slots, headSize]);
    }
    for (const [at, name] of this.#chunkNames.entries()) {
      const before = chunk.arrays[at] ?? new Float32Array(0);
      feeds[name] = new Tensor('float32', before, [count, nHead, chunk.length, headSize]);
    }
    const results = await this.#session.run(feeds, ['tokens', ...(withLogits ? ['logits'] : []), ...this.#newNames]);
    return {
      tokens: Int32Array.from(results['tokens']!.data as BigInt64Array, Number),
      logits: withLogits ? floatResult(results, 'logits') : new Float32Array(0),
      chunk: { length: chunk.length + steps, arrays: this.#newNames.map((name) => floatResult(results, name)) },
    };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** bool [rows, vocabulary], or [rows, 0] if no row has a penalty. */
function seenTensor(rows: readonly ChunkRow[]): Tensor {
  const width = rows.some(({ rules }) => hasPenalty(rules)) ? rows[0]!.seen.length : 0;
  const all = new Uint8Array(rows.length * width);
  if (width > 0) for (const [at, { seen }] of rows.entries()) all.set(seen, at * width);
  return new Tensor('bool', all, [rows.length, width]);
}

function cacheSizes({ inputMetadata }: InferenceSession): CacheSizes {
  const keys = inputMetadata.flatMap((input) =>
    input.isTensor && /^past\.\d+\.key$/u.test(input.name) ? [input] : [],
  );
  const [, nHead, , headSize] = keys[0]?.shape ?? [];
  if (typeof nHead !== 'number' || typeof headSize !== 'number') {
    throw new TypeError(
      'The graph is no decoding graph: it does not say how many heads past.0.key has and of what size.',
    );
  }
  return { nLayer: keys.length, nHead, headSize };
}

/** A model whose decoding graph is open. */
export interface DecodingModel {
  /** model.onnx, which computes the past of a sequence. */
  model: LanguageModelSession;
  /** decoding.onnx. */
  decoding: DecodingSession;
  blockSize: number;
  vocabularySize: number;
  /** How many sequences are decoded as one batch of the graph (batch-size.ts). */
  batchSize: number;
}
