import {
  type BatchRequest,
  type EventPage,
  eventPage,
  type GenerateJob,
  generateJob,
  type GenerateRequestInput,
  type Job,
  job,
  type JobListFilter,
  jobPage,
  type Page,
  type TrainJob,
  trainJob,
  type TrainRequestInput,
} from '@glyphmill/contract';
import { type OutputLine, outputLine } from '@glyphmill/model/config';
import { JobUnsuccessfulError } from './errors.js';
import { type ClientEvent, followEvents, type FollowOptions } from './event-stream.js';
import type { HttpClient } from './http-client.js';
import { jsonLines } from './json-lines.js';
import { query } from './query.js';

export interface CreateOptions {
  /** The name under which a repeated request is carried out once; by default a random one for each call. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** Jobs: creating, controlling, following and reading them. */
export class JobsClient {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async train(request: TrainRequestInput, options: CreateOptions = {}): Promise<TrainJob> {
    return await this.#http.json(creation('/api/jobs/train', request, options), trainJob);
  }

  async generate(request: GenerateRequestInput, options: CreateOptions = {}): Promise<GenerateJob> {
    return await this.#http.json(creation('/api/jobs/generate', request, options), generateJob);
  }

  /** Creates up to 1,000 jobs, all or none; returns them in the order of the requests. */
  async batch(requests: readonly BatchRequest[], options: CreateOptions = {}): Promise<Job[]> {
    return (await this.#http.json(creation('/api/jobs/batch', requests, options), jobPage)).data;
  }

  /** A new job with the request of a failed or cancelled one. */
  async retry(id: string, options: CreateOptions = {}): Promise<Job> {
    return await this.#http.json(creation(`${pathOf(id)}/retry`, undefined, options), job);
  }

  async get(id: string): Promise<Job> {
    return await this.#http.json({ path: pathOf(id) }, job);
  }

  /** A page of jobs, newest first. */
  async list(filter: JobListFilter = {}): Promise<Page<Job>> {
    return await this.#http.json({ path: `/api/jobs${query({ ...filter })}` }, jobPage);
  }

  async cancel(id: string): Promise<Job> {
    return await this.#control(id, 'cancel');
  }

  async pause(id: string): Promise<Job> {
    return await this.#control(id, 'pause');
  }

  async resume(id: string): Promise<Job> {
    return await this.#control(id, 'resume');
  }

  /** Deletes a finished job. */
  async delete(id: string): Promise<void> {
    await this.#http.text({ method: 'DELETE', path: pathOf(id) });
  }

  /** The events of a job as they come, to its end; a broken connection is replaced without a gap or a double. */
  events(id: string, options: FollowOptions = {}): AsyncGenerator<ClientEvent> {
    return followEvents(this.#http, `${pathOf(id)}/events`, options);
  }

  /** A page of the events that are recorded of a job, the oldest first. */
  async recordedEvents(id: string, page: { limit?: number; after?: string } = {}): Promise<EventPage> {
    return await this.#http.json({ path: `${pathOf(id)}/events${query({ format: 'json', ...page })}` }, eventPage);
  }

  /** Waits until a job has succeeded. Throws {@link JobUnsuccessfulError} if it fails or is cancelled. */
  async succeeded(id: string, options: FollowOptions = {}): Promise<Job> {
    for await (const _event of this.events(id, options));
    const found = await this.get(id);
    if (found.state !== 'succeeded') throw new JobUnsuccessfulError(found);
    return found;
  }

  /** The lines that a generate job has written so far, in the order of the prompts. */
  async *output(id: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<OutputLine> {
    const { body } = await this.#http.open({ path: `${pathOf(id)}/output`, signal });
    if (body) for await (const line of jsonLines(body)) yield outputLine.parse(line);
  }

  /** The same as the bytes of one text. */
  async outputText(id: string): Promise<string> {
    return await this.#http.text({ path: `${pathOf(id)}/output` });
  }

  async #control(id: string, action: 'cancel' | 'pause' | 'resume'): Promise<Job> {
    return await this.#http.json({ method: 'POST', path: `${pathOf(id)}/${action}` }, job);
  }
}

function pathOf(id: string): string {
  return `/api/jobs/${encodeURIComponent(id)}`;
}

function creation(path: string, body: unknown, { idempotencyKey = crypto.randomUUID(), signal }: CreateOptions) {
  return {
    method: 'POST' as const,
    path,
    headers: { 'idempotency-key': idempotencyKey, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal,
  };
}
