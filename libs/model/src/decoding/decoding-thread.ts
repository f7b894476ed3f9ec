import { Worker } from 'node:worker_threads';
import type { NewTokens } from '../sampling/decoder.js';
import type { DecodingRequest } from './decoding-request.js';
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

export interface ThreadListener {
  /** The next tokens of sequences, by their ids; those of one sequence in their order. */
  onTokens: (taken: ReadonlyMap<number, NewTokens>) => void;
  /** It has ended, without being closed or after it: nothing more comes of its sequences. */
  onEnd: (reason: unknown) => void;
}

/**
 * A thread that decodes sequences side by side in a session of its own (decoding-service.ts), so that the event loop of
 * this one stays free and other threads decode at the same time. It runs while it has sequences, and reports their tokens as
 * they are drawn. An error in it ends it, and with it all its sequences. It keeps the process running until it is closed.
 */
export class DecodingThread {
  /** Resolves when its graphs are open, with how many sequences make the best batch; rejects if they cannot be opened. */
  readonly opened: Promise<{ batchSize: number }>;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #questions = new Map<number, PromiseWithResolvers<Float32Array>>();
  #nextQuestion = 0;

  constructor(settings: ThreadSettings, { onTokens, onEnd }: ThreadListener) {
    const opened = Promise.withResolvers<{ batchSize: number }>();
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
        for (const { reject } of this.#questions.values()) reject(reason);
        onEnd(reason);
        resolve();
      });
    });
  }

  /** Takes a sequence in. */
  add(request: DecodingRequest): void {
    this.#send({ type: 'add', request });
  }

  /** Ends a sequence before its time; tokens that are on their way may still come. */
  remove(id: number): void {
    this.#send({ type: 'remove', id });
  }

  /** The logits of model.onnx: ids [rows, columns], row-major → [rows, columns, vocabulary], row-major. */
  async logits(ids: Int32Array, rows: number, columns: number): Promise<Float32Array> {
    const question = this.#nextQuestion;
    this.#nextQuestion += 1;
    const answer = Promise.withResolvers<Float32Array>();
    this.#questions.set(question, answer);
    this.#send({ type: 'logits', question, ids, rows, columns });
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

  #take({ question, logits }: Extract<ThreadReport, { type: 'logits' }>): void {
    this.#questions.get(question)?.resolve(logits);
    this.#questions.delete(question);
  }
}
