import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problemDocument } from '@glyphmill/contract';
import { connectRedis } from '@glyphmill/jobs';
import { WorkedBoard } from '@glyphmill/jobs/testing';
import { startValkey, type ValkeyServer } from '@glyphmill/runtimes';
import { openStorage, type Storage } from '@glyphmill/storage';
import { afterAll, beforeAll } from 'vitest';
import { z } from 'zod';
import { createApp } from '../src/app.js';
import { type ApiConfig, readConfig } from '../src/config.js';

/** An API that listens, and what a worker would use to work for it. */
export interface RunningApi {
  url: string;
  jobs: WorkedBoard;
  storage: Storage;
  valkey: ValkeyServer;
  /** As in `GET /api/jobs/:id`. */
  routes(): string[];
  /** Ends the API alone, as SIGTERM does. */
  closeApp(): Promise<void>;
  stop(): Promise<void>;
}

/** One api on a Valkey and a data folder of its own for all tests of a file; `constants` are what no setting changes. */
export function useApi(settings: NodeJS.ProcessEnv = {}, constants: Partial<ApiConfig> = {}): () => RunningApi {
  let api: RunningApi | undefined;
  beforeAll(async () => {
    api = await startApi(settings, constants);
  });
  afterAll(async () => await api?.stop());
  return () => {
    if (!api) throw new Error('the API has not started');
    return api;
  };
}

async function startApi(settings: NodeJS.ProcessEnv, constants: Partial<ApiConfig>): Promise<RunningApi> {
  const directory = await mkdtemp(join(tmpdir(), 'glyphmill-api-'));
  const valkey = await startValkey({ directory: join(directory, 'valkey'), persistence: 'none' });
  const config = readConfig({
    REDIS_URL: valkey.url,
    DATA_DIR: directory,
    LOG_LEVEL: 'silent',
    PORT: '0',
    ...settings,
  });
  const app = await createApp({ ...config, ...constants });
  const routes: string[] = [];
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', ({ method, url }) => {
      routes.push(...[method].flat().map((one) => `${one} ${url}`));
    });
  await app.listen(config.port, config.host);
  const redis = connectRedis(valkey.url, 'worker', () => undefined);
  const jobs = new WorkedBoard({ redis, prefix: config.redisPrefix });
  return {
    url: await app.getUrl(),
    jobs,
    storage: await openStorage(config.storageUrl),
    valkey,
    routes: () => routes,
    closeApp: () => app.close(),
    stop: async () => {
      await app.close();
      await jobs.close();
      redis.disconnect();
      await valkey.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Sends a JSON body. */
export function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** The problem document of an answer, which must be one in every respect. */
export async function problemOf(response: Response): Promise<z.output<typeof problemDocument>> {
  const problem = problemDocument.parse(await response.json());
  const requestId = response.headers.get('x-request-id');
  const faults = [
    response.headers.get('content-type')?.startsWith('application/problem+json') ? '' : 'content type',
    problem.status === response.status ? '' : 'status',
    problem.type === `urn:glyphmill:problem:${problem.code}` ? '' : 'type',
    problem.instance === `urn:glyphmill:request:${requestId}` ? '' : 'instance',
    JSON.stringify(problem).includes('node_modules') ? 'stack trace' : '',
  ].filter(Boolean);
  if (faults.length > 0)
    throw new Error(`not a good problem document (${faults.join(', ')}): ${JSON.stringify(problem)}`);
  return problem;
}
