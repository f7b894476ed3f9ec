import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';

const role = z.enum(['train', 'generate']);
export type WorkerRole = z.output<typeof role>;

const settings = z.object({
  REDIS_URL: z.url({ protocol: /^rediss?$/u }),
  REDIS_PREFIX: z.string().regex(/^\{[\w.-]+\}$/u, 'one hash tag in braces, such as {glyphmill}').default('{glyphmill}'),
  DATA_DIR: z.string().min(1).default('./data'),
  STORAGE_URL: z.url({ protocol: /^file$/u, error: 'a file: URL' }).optional(),
  WORKER_ROLES: z
    .string()
    .default('train,generate')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(role).min(1)),
  DEVICE: z
    .string()
    .regex(/^(?:auto|cpu|cuda:\d{1,3})$/u, 'auto, cpu or cuda:N')
    .default('auto'),
  THREADS: z.coerce.number().int().min(1).max(1024).default(availableParallelism()),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  SHUTDOWN_GRACE_SECONDS: z.coerce.number().min(0).max(3600).default(30),
});

/** The settings of a worker, parsed once. */
export interface WorkerConfig {
  redisUrl: string;
  redisPrefix: string;
  storageFolder: string;
  roles: WorkerRole[];
  device: string;
  threads: number;
  logLevel: z.output<typeof settings>['LOG_LEVEL'];
  shutdownGraceMs: number;
}

/** A setting that cannot be used; the message names it, what was given and what is allowed. */
export class ConfigError extends Error {
  readonly code = 'invalid_setting';
}

/** Reads the worker's settings from an environment. Throws {@link ConfigError}. */
export function readConfig(environment: NodeJS.ProcessEnv): WorkerConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      return `${name} is ${JSON.stringify(given[name] ?? null)}: ${message}`;
    });
    throw new ConfigError(problems.join('; '));
  }
  const { data } = parsed;
  return {
    redisUrl: data.REDIS_URL,
    redisPrefix: data.REDIS_PREFIX,
    storageFolder: data.STORAGE_URL ? new URL(data.STORAGE_URL).pathname : resolve(data.DATA_DIR, 'storage'),
    roles: data.WORKER_ROLES,
    device: data.DEVICE,
    threads: data.THREADS,
    logLevel: data.LOG_LEVEL,
    shutdownGraceMs: data.SHUTDOWN_GRACE_SECONDS * 1000,
  };
}
