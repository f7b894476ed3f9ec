import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Deployment } from './deployment.js';

/** How long a client goes on trying. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 500;
const ANSWER_MS = 20_000;

/** An answer that trying again does not change. */
export interface Answer {
  status: number;
  body: string;
}

const jobIds = z.object({ data: z.array(z.object({ id: z.string() })) });

/** A client that takes the apis in turn, and tries again, as any careful client would, where one is away or says 503. */
export class ApiPool {
  #turn = 0;

  constructor(readonly deployment: Deployment) {}

  /** Where the next api listens, once there is one. */
  async url(): Promise<string> {
    for (;;) {
      const urls = this.deployment.services.flatMap(({ kind, url }) => (kind === 'api' && url ? [url] : []));
      this.#turn += 1;
      const url = urls[this.#turn % urls.length];
      if (url !== undefined) return url;
      await wait(PAUSE_MS);
    }
  }

  /** Asks until there is an answer that is final; the same request again must mean the same. */
  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const started = performance.now();
    for (;;) {
      const answer = await this.#once(path, init);
      if (answer) return answer;
      if (performance.now() - started > PATIENCE_MS) throw new Error(`no api answered ${path}`);
      await wait(PAUSE_MS);
    }
  }

  /** The JSON that is at a path. Throws where it is not found. */
  async read<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
    const { status, body } = await this.ask(path);
    if (status !== 200) throw new Error(`GET ${path} gave ${status}: ${body}`);
    return schema.parse(JSON.parse(body));
  }

  /**
   * Enqueues a job once, and gives its id. Its tag is the key of the request, and where nobody knows whether the request
   * arrived, the tag finds the job.
   */
  async submit(kind: 'train' | 'generate', tag: string, request: object): Promise<string> {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': tag },
      body: JSON.stringify({ ...request, tags: [tag] }),
    };
    const started = performance.now();
    for (;;) {
      const answer = await this.#once(`/api/jobs/${kind}`, init);
      if (answer?.status === 202) return z.object({ id: z.string() }).parse(JSON.parse(answer.body)).id;
      if (answer) throw new Error(`POST ${kind} gave ${answer.status}: ${answer.body}`);
      if (performance.now() - started > PATIENCE_MS) throw new Error(`no api took ${tag}`);
      await wait(PAUSE_MS);
      const [known] = await this.idsOf(tag);
      if (known !== undefined) return known;
    }
  }

  /** The jobs that have a tag. */
  async idsOf(tag: string): Promise<string[]> {
    const { data } = await this.read(`/api/jobs?limit=100&tag=${tag}`, jobIds);
    return data.map(({ id }) => id);
  }

  async #once(path: string, init: RequestInit): Promise<Answer | undefined> {
    try {
      const response = await fetch((await this.url()) + path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
      const body = await response.text();
      return response.status === 503 ? undefined : { status: response.status, body };
    } catch {
      return undefined; // The api went away, or is slow: nobody knows whether it heard.
    }
  }
}
