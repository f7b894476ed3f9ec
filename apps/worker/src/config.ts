import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSettings, redisAddress, storageAddress } from '@glyphmill/settings';
import { z } from 'zod';

const role = z.enum(['train', 'generate'], 'train, generate, or both with a comma between');
export type WorkerRole = z.output<typeof role>;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** Whether TensorFlow compiles what it trains; `auto` does where that was measured to help. */
const XLA_SETTINGS = ['auto', 'on', 'off'] as const;

const wholeNumber = (least: number, most: number) => {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.coerce.number(allowed).int(allowed).min(least, allowed).max(most, allowed);
};

const settings = z.object({
  REDIS_URL: redisAddress('the worker needs one'),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[\w.-]+\}$/u, 'one hash tag in braces, such as {glyphmill}')
    .default('{glyphmill}'),
  DATA_DIR: z.string().min(1).default('./data'),
  STORAGE_URL: storageAddress.optional(),
  WORKER_ROLES: z
    .string()
    .default('train,generate')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(role)),
  DEVICE: z
    .string()
    .regex(/^(?:auto|cpu|cuda:\d{1,3})$/u, 'auto, cpu or cuda:N')
    .default('auto'),
  THREADS: wholeNumber(1, 1024).default(availableParallelism()),
  XLA: z.enum(XLA_SETTINGS, `one of ${XLA_SETTINGS.join(', ')}`).default('auto'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`).default('info'),
  SHUTDOWN_GRACE_SECONDS: wholeNumber(0, 3600).default(30),
});

/** The settings of a worker, parsed once. */
export interface WorkerConfig {
  redisUrl: string;
  redisPrefix: string;
  /** The address of the artifact store, as `openStorage` takes it. */
  storageUrl: string;
  /** Whether the storage is for this user alone; one that STORAGE_URL names may be shared by several. */
  isStoragePrivate: boolean;
  roles: WorkerRole[];
  device: string;
  threads: number;
  xla: (typeof XLA_SETTINGS)[number];
  logLevel: z.output<typeof settings>['LOG_LEVEL'];
  shutdownGraceMs: number;
}

/** Reads the worker's settings from an environment. Throws `ConfigError`. */
export function readConfig(environment: NodeJS.ProcessEnv): WorkerConfig {
  const data = readSettings(settings, environment);
  return {
    redisUrl: data.REDIS_URL,
    redisPrefix: data.REDIS_PREFIX,
    storageUrl: data.STORAGE_URL ?? pathToFileURL(resolve(data.DATA_DIR, 'storage')).href,
    isStoragePrivate: data.STORAGE_URL === undefined,
    roles: data.WORKER_ROLES,
    device: data.DEVICE,
    threads: data.THREADS,
    xla: data.XLA,
    logLevel: data.LOG_LEVEL,
    shutdownGraceMs: data.SHUTDOWN_GRACE_SECONDS * 1000,
  };
}
