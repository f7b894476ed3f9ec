import { Worker } from 'node:worker_threads';
import type { DecodingOptions } from '../sampling/decoder.js';
import { hasPenalty } from '../sampling/sampling-rules.js';
import { distinctTokens } from '../sampling/seen-tokens.js';
import type { NewTokens } from '../sampling/new-tokens.js';
import type { Sequence } from '../sampling/sequence.js';
import { windowLength } from './decoding-window.js';
import { NativeWork } from './native-work.js';
import type { ThreadCommand, ThreadData, ThreadReport, ThreadSettings } from './thread-messages.js';

/** `decoding_thread_ended`: a thread ended with work left, and what was to come of it is lost. */
export class DecodingThreadEndedError extends Error {
  override readonly name = 'DecodingThreadEndedError';
  readonly code = 'decoding_thread_ended';
}

/** Of all threads that have not ended. */
const underWay = new Set<NativeWork>();
process.on('exit', () => {
  for (const nativeWork of underWay) nativeWork.end();
});

/** How a sequence is decoded. */
export type ThreadOrderOptions = Pick<DecodingOptions, 'sampling' | 'maxNewTokens' | 'withLogits' | 'isStreamed'>;

export interface ThreadListener {
  /** The next tokens of sequences, by their number; those of one sequence in their order. */
  onTokens: (taken: ReadonlyMap<number, NewTokens>) => void;
  /** It has ended, without being closed or after it: nothing more comes of its sequences. */
  onEnd: (reason: unknown) => void;
}

/**
 * A thread that decodes sequences side by side in a session of its own (decoding-service.ts), so that the event loop of
 * this one stays free and other threads decode at the same time. It runs while it has sequences, and tells their tokens as
 * they are drawn. An error in it ends it, and with it all its sequences. It keeps the process running until it is closed.
 */
export class DecodingThread {
  /** Resolves when its graphs are open, with how many sequences make the best batch; rejects if they cannot be opened. */
  readonly opened: Promise<{ groupSize: number }>;
  readonly #settings: ThreadSettings;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #requests = new Map<number, PromiseWithResolvers<Float32Array>>();
  #nextId = 0;
  #nextRequest = 0;

  constructor(settings: ThreadSettings, { onTokens, onEnd }: ThreadListener) {
    this.#settings = settings;
    const opened = Promise.withResolvers<{ groupSize: number }>();
    opened.promise.catch(() => undefined); // `onEnd` tells it too
    this.opened = opened.promise;
    const workerData: ThreadData = { ...settings, nativeWork: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
    const nativeWork = new NativeWork(workerData.nativeWork);
    underWay.add(nativeWork);
    this.#worker = new Worker(new URL('decoding-service.js', import.meta.url), { workerData });
    this.#worker.on('message', (report: ThreadReport) => {
      if (report.type === 'open') opened.resolve(report);
      else if (report.type === 'tokens') onTokens(report.taken);
      else this.#take(report);
    });
    let reason: unknown = new DecodingThreadEndedError('A decoding thread ended with work left: try again.');
    this.#worker.once('error', (error) => (reason = error));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        underWay.delete(nativeWork);
        opened.reject(reason);
        for (const { reject } of this.#requests.values()) reject(reason);
        onEnd(reason);
        resolve();
      });
    });
  }

  /** Takes a sequence in; gives the number by which its tokens are told. Here nothing is drawn from its random stream. */
  add({ context, random }: Sequence, options: ThreadOrderOptions): number {
    const { sampling, maxNewTokens, withLogits = false, isStreamed = false } = options;
    const { temperature, topK, topP, repetitionPenalty = 1 } = sampling;
    const rules = { temperature, topK, topP, repetitionPenalty };
    // A prompt may be megabytes, and each of its samples is an order: only what is looked at travels.
    const window = context.slice(-windowLength(context.length, this.#settings.blockSize));
    const before = hasPenalty(rules) ? distinctTokens(context, this.#settings.vocabularySize) : undefined;
    const order = { context: window, before, random: random.state(), sampling: rules };
    this.#send({ type: 'add', ...order, maxNewTokens, withLogits, isStreamed });
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  /** Ends a sequence before its time; tokens that are on their way may still come. */
  remove(id: number): void {
    this.#send({ type: 'remove', id });
  }

  /** The logits of model.onnx: ids [rows, columns], row-major → [rows, columns, vocabulary], row-major. */
  async logits(ids: Int32Array, rows: number, columns: number): Promise<Float32Array> {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    const answer = Promise.withResolvers<Float32Array>();
    this.#requests.set(request, answer);
    this.#send({ type: 'logits', request, ids, rows, columns });
    return await answer.promise;
  }

  /** Ends the thread after what it is computing, whatever is left. */
  async close(): Promise<void> {
    this.#send({ type: 'close' });
    await this.#ended;
  }

  #send(command: ThreadCommand): void {
    this.#worker.postMessage(command, []);
  }

  #take({ request, logits }: Extract<ThreadReport, { type: 'logits' }>): void {
    this.#requests.get(request)?.resolve(logits);
    this.#requests.delete(request);
  }
}
