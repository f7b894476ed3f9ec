import { type Queues, queues, type WorkerInfo, workerPage } from '@glyphmill/contract';
import { DatasetsClient } from './datasets-client.js';
import { type ClientOptions, HttpClient } from './http-client.js';
import { JobsClient } from './jobs-client.js';
import { ModelsClient } from './models-client.js';

/**
 * A client of Glyphmill's HTTP API, for browsers and Node.js. Every method throws `ProblemError` if the API refuses, and
 * `UnreachableError` if no usable answer came, both after the requests that may succeed later were repeated for a while.
 */
export class GlyphmillClient {
  readonly jobs: JobsClient;
  readonly datasets: DatasetsClient;
  readonly models: ModelsClient;
  readonly #http: HttpClient;

  constructor(options: ClientOptions) {
    this.#http = new HttpClient(options);
    this.jobs = new JobsClient(this.#http);
    this.datasets = new DatasetsClient(this.#http);
    this.models = new ModelsClient(this.#http);
  }

  /** The workers that are alive. */
  async workers(): Promise<WorkerInfo[]> {
    return (await this.#http.json({ path: '/api/workers' }, workerPage)).data;
  }

  /** How many jobs of each kind wait, run and are paused. */
  async queues(): Promise<Queues> {
    return await this.#http.json({ path: '/api/queues' }, queues);
  }
}
