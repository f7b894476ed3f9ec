import { resolve } from 'node:path';
import { readSettings, redisAddress } from '@glyphmill/settings';
import { z } from 'zod';

const wholeNumber = (least: number, most: number) => {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.coerce.number(allowed).int(allowed).min(least, allowed).max(most, allowed);
};

const settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(3000),
  REDIS_URL: redisAddress('unset, the stack starts a Valkey of its own').optional(),
  DATA_DIR: z.string().default('./data'),
  WORKERS: wholeNumber(0, 64).default(1),
  SHUTDOWN_GRACE_SECONDS: wholeNumber(0, 3600).default(30),
});

/** What the embedded stack itself needs to know; the API and the workers read their own settings. */
export interface StackConfig {
  host: string;
  port: number;
  /** Unset: the stack starts a Valkey of its own in the data folder. */
  redisUrl: string | undefined;
  dataFolder: string;
  workers: number;
  /** What a worker has to hand back its jobs. */
  shutdownGraceMs: number;
}

/** Reads the stack's settings from an environment. Throws `ConfigError`. */
export function readConfig(environment: NodeJS.ProcessEnv): StackConfig {
  const data = readSettings(settings, environment);
  return {
    host: data.HOST,
    port: data.PORT,
    redisUrl: data.REDIS_URL,
    dataFolder: resolve(data.DATA_DIR),
    workers: data.WORKERS,
    shutdownGraceMs: data.SHUTDOWN_GRACE_SECONDS * 1000,
  };
}
