import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateRequest, type Job, type JobEvent, trainRequest } from '@glyphmill/contract';
import { connectRedis, EventHub, type JobDraft, JobBoard, JobRescuer, WorkerRegistry } from '@glyphmill/jobs';
import { RedisProxy } from '@glyphmill/jobs/testing';
import { startValkey } from '@glyphmill/runtimes';
import { openStorage, type Storage } from '@glyphmill/storage';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { z } from 'zod';
import { WorkerProcess } from './worker-process.fixture.js';

export const TEXT = 'The quick brown fox jumps over the lazy dog.\n'.repeat(40);

/** A train job's request that is done within a second or two. */
export const SHORT = { maxSteps: 300, batchSize: 16, evalInterval: 100, sampleInterval: 0, seed: 7 };
/** One that takes longer, and may have ended before a test acts. */
export const LONGER = { ...SHORT, maxSteps: 5000, evalInterval: 500 };
/** One that never ends, so that no test can come too late for it. */
export const ENDLESS = { ...SHORT, maxSteps: 10_000_000 };

/** A Valkey for one test file, and for each test a queue and a storage that no other test sees. */
export function useWorkplaces(): () => Promise<Workplace> {
  let server: Awaited<ReturnType<typeof startValkey>>;
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-worker-'));
  const opened: Workplace[] = [];
  let made = 0;

  beforeAll(async () => {
    server = await startValkey({ directory: join(folder, 'valkey'), persistence: 'none' });
  });
  afterEach(async () => {
    for (const workplace of opened.splice(0)) await workplace.close();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  return async () => {
    made += 1;
    const dataFolder = join(folder, `data ${made}`);
    const storage = await openStorage(pathToFileURL(join(dataFolder, 'storage')));
    const workplace = new Workplace(server.url, `{test-${made}}`, dataFolder, storage);
    opened.push(workplace);
    return workplace;
  };
}

/** What the API has, seen from a test: jobs, storage and a rescuer; and the workers that it starts. */
export class Workplace {
  readonly #redis;
  readonly #hub: EventHub;
  readonly #rescuer: JobRescuer;
  readonly #workers: WorkerProcess[] = [];
  readonly #proxies: RedisProxy[] = [];
  readonly store: JobBoard;
  readonly registry: WorkerRegistry;

  constructor(
    readonly redisUrl: string,
    readonly prefix: string,
    readonly dataFolder: string,
    readonly storage: Storage,
  ) {
    const redis = connectRedis(redisUrl, 'worker', () => undefined);
    this.#redis = redis;
    this.store = new JobBoard({ redis, prefix });
    this.registry = new WorkerRegistry({ redis, prefix });
    this.#hub = new EventHub({ redis, store: this.store, prefix });
    this.#rescuer = new JobRescuer({ redis, prefix });
    this.#rescuer.start(() => undefined);
  }

  /** A worker that takes jobs. */
  async worker(settings: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
    return await this.spawnWorker(settings).ready();
  }

  /** A worker that takes jobs, and the proxy that it reaches Redis through, where it can be held. */
  async heldWorker(settings: NodeJS.ProcessEnv = {}): Promise<{ worker: WorkerProcess; proxy: RedisProxy }> {
    const proxy = await this.proxy();
    return { worker: await this.worker({ ...settings, REDIS_URL: proxy.url }), proxy };
  }

  /** A way to Redis for one worker. */
  async proxy(): Promise<RedisProxy> {
    const proxy = await RedisProxy.to(this.redisUrl);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A worker that may not come to take jobs. */
  spawnWorker(settings: NodeJS.ProcessEnv): WorkerProcess {
    const worker = new WorkerProcess({
      REDIS_URL: this.redisUrl,
      REDIS_PREFIX: this.prefix,
      DATA_DIR: this.dataFolder,
      ...settings,
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Stores a dataset; `sha256` is that of its text unless given. */
  async dataset(id: string, text = TEXT, sha256 = createHash('sha256').update(text).digest('hex')): Promise<string> {
    await this.storage.put(`datasets/${id}/content`, text);
    const characters = text.length;
    const about = { id, name: id, sha256, bytes: characters, characters, vocabularySize: new Set(text).size };
    await this.storage.put(`datasets/${id}/dataset.json`, JSON.stringify({ ...about, createdAt: new Date() }));
    return id;
  }

  async train(request: Partial<z.input<typeof trainRequest>> & { dataset: string }): Promise<Job> {
    const model = { kind: 'bigram' } as const;
    return await this.#create({ kind: 'train', request: trainRequest.parse({ model, training: SHORT, ...request }) });
  }

  /** A train job that continues from another one's checkpoints. */
  async resume(from: Job, training: object): Promise<Job> {
    const request = trainRequest.parse({ ...from.request, training, resumeFrom: from.id });
    return await this.#create({ kind: 'train', request, checkpoints: await this.store.checkpoints(from.id) });
  }

  async generate(asked: z.input<typeof generateRequest>): Promise<Job> {
    const request = generateRequest.parse(asked);
    return await this.#create({ kind: 'generate', request, promptCount: request.prompts?.length ?? 0 });
  }

  /** The job's events as they come, up to its end. */
  events(job: Job): AsyncGenerator<JobEvent> {
    const follow = this.#hub.follow(job.id, '0', new AbortController().signal);
    return (async function* () {
      for await (const stored of follow) if ('event' in stored) yield stored.event;
    })();
  }

  /** Waits for the first event that is wanted. */
  async until(job: Job, isWanted: (event: JobEvent) => boolean): Promise<JobEvent> {
    for await (const event of this.events(job)) if (isWanted(event)) return event;
    throw new Error(`${job.id} ended before`);
  }

  /** The job once it has ended. */
  async ended(job: Job): Promise<Job> {
    for await (const _ of this.events(job));
    return await this.get(job);
  }

  async get({ id }: Job): Promise<Job> {
    const job = await this.store.get(id);
    if (!job) throw new Error(`there is no ${id}`);
    return job;
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.signal('SIGKILL');
    await Promise.all(this.#workers.map((worker) => worker.exitCode));
    for (const proxy of this.#proxies) proxy.close();
    await this.#hub.close();
    await this.#rescuer.stop();
    await this.store.close();
    this.#redis.disconnect();
  }

  async #create(draft: JobDraft): Promise<Job> {
    const [job] = await this.store.create([draft]);
    return job!;
  }
}
