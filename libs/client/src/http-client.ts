import { problemDocument } from '@glyphmill/contract';
import type { z } from 'zod';
import { delay } from './delay.js';
import { ProblemError, UnreachableError } from './errors.js';
import { retryDelayMs } from './retry-delay.js';

export interface ClientOptions {
  /** Where the API listens, as in `http://127.0.0.1:3000`; or a function that is asked before each request. */
  url: string | (() => string | Promise<string>);
  /** How long a request is repeated that may succeed later, in milliseconds; 0 sends each once. */
  patienceMs?: number;
  /** How long an answer may take to begin, in milliseconds. */
  answerMs?: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  fetch?: typeof fetch;
}

/** One request. Its body is sent again when it is repeated, so it must be whole, not a stream. */
export interface ApiRequest {
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  body?: string | Blob;
  signal?: AbortSignal | undefined;
}

const PATIENCE_MS = 60_000;
const ANSWER_MS = 30_000;

/** Answers after which the same request may succeed: too many, and what proxies and a stopping server say. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * Sends requests to the API, and repeats those that were not answered or may succeed later. A repetition must therefore mean
 * the same: reads and deletions do, cancel, pause and resume do, and what creates jobs carries an `Idempotency-Key`.
 */
export class HttpClient {
  readonly #options: Required<ClientOptions>;

  constructor(options: ClientOptions) {
    if (typeof options.url === 'string' && !URL.canParse(options.url)) {
      throw new TypeError(`url: "${options.url}" is no address; give one such as http://127.0.0.1:3000`);
    }
    const standard = { patienceMs: PATIENCE_MS, answerMs: ANSWER_MS, headers: {}, fetch: globalThis.fetch };
    this.#options = { ...standard, ...options };
  }

  /** The JSON that a request is answered with. Throws {@link ProblemError} and {@link UnreachableError}. */
  async json<Schema extends z.ZodType>(request: ApiRequest, schema: Schema): Promise<z.output<Schema>> {
    const text = await this.text(request);
    const parsed = schema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw new UnreachableError(nameOf(request), `the answer is not what this version expects: ${parsed.error.message}`);
  }

  /** The whole text of an answer; a download that breaks off begins again. */
  async text(request: ApiRequest): Promise<string> {
    return await this.#repeat(request, async (response) => await response.text());
  }

  /** The answer itself, whose body is still to be read. */
  async open(request: ApiRequest): Promise<Response> {
    return await this.#repeat(request, async (response) => response);
  }

  async #repeat<Value>(request: ApiRequest, read: (response: Response) => Promise<Value>): Promise<Value> {
    const started = Date.now();
    for (let retries = 0; ; retries += 1) {
      const outcome = await this.#once(request, read);
      if ('value' in outcome) return outcome.value;
      if (outcome.isGone && retries > 0) return await read(new Response(null, { status: 204 }));
      const pauseMs = retryDelayMs(retries, outcome.retryAfter);
      if (!outcome.isTransient || Date.now() - started + pauseMs > this.#options.patienceMs) throw outcome.error;
      await delay(pauseMs, request.signal);
    }
  }

  async #once<Value>(request: ApiRequest, read: (response: Response) => Promise<Value>): Promise<Outcome<Value>> {
    const { method = 'GET', path, body, signal } = request;
    const { url, answerMs, fetch } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${answerMs} ms`)), answerMs);
    try {
      const base = typeof url === 'string' ? url : await url();
      const response = await fetch(base.replace(/\/$/u, '') + path, {
        method,
        headers: { ...this.#options.headers, ...request.headers },
        ...(body !== undefined && { body }),
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      });
      clearTimeout(timer);
      if (response.ok) return { value: await read(response) };
      const error = await refusal(request, response);
      const retryAfter = response.headers.get('retry-after');
      // An earlier try of this very request may have deleted it.
      const isGone = method === 'DELETE' && response.status === 404;
      return { error, retryAfter, isTransient: TRANSIENT.has(response.status), isGone };
    } catch (error) {
      signal?.throwIfAborted();
      return {
        error: new UnreachableError(nameOf(request), reasonOf(error), { cause: error }),
        retryAfter: null,
        isTransient: true,
        isGone: false,
      };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What became of one try. */
type Outcome<Value> =
  { value: Value } | { error: Error; retryAfter: string | null; isTransient: boolean; isGone: boolean };

async function refusal(request: ApiRequest, response: Response): Promise<Error> {
  const text = await response.text();
  const { data } = problemDocument.safeParse(jsonOf(text));
  if (data) return new ProblemError(nameOf(request), data);
  return new UnreachableError(nameOf(request), `${response.status} without a problem document: ${text.slice(0, 200)}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nameOf({ method = 'GET', path }: ApiRequest): string {
  return `${method} ${path}`;
}

/** The innermost reason: `fetch` itself says no more than that it failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
