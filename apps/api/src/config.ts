import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Retention } from '@glyphmill/jobs';
import { ConfigError, machineMemory, readSettings, redisAddress, storageAddress } from '@glyphmill/settings';
import { z } from 'zod';

/** A training run may take this much of the machine's memory unless MAX_JOB_MEMORY_BYTES says otherwise. */
const SHARE_OF_MEMORY = 0.8;

/** How often a quiet event stream shows that it is alive; proxies commonly wait for a minute. */
const HEARTBEAT_MS = 15_000;

/** How long a client may take nothing of its answer. It may be read by a person, page by page. */
const STALLED_CLIENT_MS = 5 * 60_000;

const DAY_SECONDS = 24 * 60 * 60;

const bytes = z.coerce.number('a whole number of bytes').int('a whole number of bytes').min(1);

const count = z.coerce.number('a whole number of jobs, 1 or more').int('a whole number of jobs, 1 or more').min(1);

const HOST_NAMES = 'names separated by commas: mill.example, .example for it and all names below it, or * for any';

const hostNames = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .pipe(z.array(z.string().regex(/^(?:\*|\.?[a-z\d_-]+(?:\.[a-z\d_-]+)*)$/u, HOST_NAMES)));

const settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  REDIS_URL: redisAddress('the API needs one'),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[\w.-]+\}$/u, 'one hash tag in braces, such as {glyphmill}')
    .default('{glyphmill}'),
  DATA_DIR: z.string().default('./data'),
  STORAGE_URL: storageAddress.optional(),
  REQUEST_TIMEOUT_SECONDS: z.coerce
    .number('a number of seconds, 1 to 3600')
    .min(1, 'a number of seconds, 1 to 3600')
    .max(3600, 'a number of seconds, 1 to 3600')
    .default(30),
  MAX_UPLOAD_BYTES: bytes.default(256 * 1024 ** 2),
  MAX_QUEUED_JOBS: count.default(1_000_000),
  MAX_QUEUED_BYTES: bytes.default(2 * 1024 ** 3),
  MAX_FINISHED_JOBS: count.default(100_000),
  JOB_RETENTION_SECONDS: z.coerce
    .number('a number of seconds, 1 or more')
    .min(1)
    .default(30 * DAY_SECONDS),
  MAX_JOB_MEMORY_BYTES: bytes.default(() => Math.floor(SHARE_OF_MEMORY * machineMemory().limitBytes)),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  ALLOWED_HOSTS: hostNames.default([]),
  ALLOW_UNAUTHENTICATED: z.enum(['true', 'false']).default('false'),
});

/** The settings of an API, parsed once. */
export interface ApiConfig {
  host: string;
  /** Further names that this server is reached by. */
  allowedHosts: string[];
  port: number;
  redisUrl: string;
  redisPrefix: string;
  /** The address of the artifact store, as `openStorage` takes it. */
  storageUrl: string;
  /** Whether the storage is for this user alone; one that STORAGE_URL names may be shared by several. */
  isStoragePrivate: boolean;
  /** What the head of a request may take, and how long its body may pause. */
  requestTimeoutMs: number;
  maxUploadBytes: number;
  /** How many jobs may be queued or paused. */
  maxQueuedJobs: number;
  /** How many bytes the requests of those jobs may take. */
  maxQueuedBytes: number;
  /** How long, and how many, finished jobs are kept. */
  retention: Retention;
  maxJobMemoryBytes: number;
  logLevel: z.output<typeof settings>['LOG_LEVEL'];
  heartbeatMs: number;
  stalledClientMs: number;
}

/** Reads the API's settings from an environment; an empty value counts as none. Throws `ConfigError`. */
export function readConfig(environment: NodeJS.ProcessEnv): ApiConfig {
  const data = readSettings(settings, environment);
  if (!isLoopback(data.HOST) && data.ALLOW_UNAUTHENTICATED !== 'true') {
    throw new ConfigError(
      `HOST is "${data.HOST}": other machines could reach this api, and it asks for no key yet. ` +
        'Use 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true where whoever reaches this address may use it.',
    );
  }
  return {
    host: data.HOST,
    allowedHosts: data.ALLOWED_HOSTS,
    port: data.PORT,
    redisUrl: data.REDIS_URL,
    redisPrefix: data.REDIS_PREFIX,
    storageUrl: data.STORAGE_URL ?? pathToFileURL(resolve(data.DATA_DIR, 'storage')).href,
    isStoragePrivate: data.STORAGE_URL === undefined,
    requestTimeoutMs: data.REQUEST_TIMEOUT_SECONDS * 1000,
    maxUploadBytes: data.MAX_UPLOAD_BYTES,
    maxQueuedJobs: data.MAX_QUEUED_JOBS,
    maxQueuedBytes: data.MAX_QUEUED_BYTES,
    retention: { seconds: data.JOB_RETENTION_SECONDS, count: data.MAX_FINISHED_JOBS },
    maxJobMemoryBytes: data.MAX_JOB_MEMORY_BYTES,
    logLevel: data.LOG_LEVEL,
    heartbeatMs: HEARTBEAT_MS,
    stalledClientMs: STALLED_CLIENT_MS,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/u.test(host);
}
