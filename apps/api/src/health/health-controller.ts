import { setTimeout as wait } from 'node:timers/promises';
import { type Health, health } from '@glyphmill/contract';
import { checkRedisServes, redisRefusal, UnsafeRedisError } from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ApiConfig } from '../config.js';
import { CONFIG, REDIS, STORAGE } from '../connections/tokens.js';
import { ApiProblemsFromAnywhere } from '../openapi/api-problems.js';
import { Problem } from '../problem/problem.js';
import { SharedCheck } from './shared-check.js';

/** For how long what Redis answered is given again. */
const REDIS_KEPT_MS = { passed: 1000, failed: 1000 };

/** Whether both can be written to is asked less often. */
const WRITES_KEPT_MS = { passed: 10_000, failed: 1000 };

/** How long the storage may take to answer; whoever asks whether the server is ready does not wait for a minute. */
const STORAGE_MS = 5000;

type Redis = Parameters<typeof checkRedisServes>[0];

@ApiTags('health')
@Controller('health')
export class HealthController {
  readonly #redis: SharedCheck;
  readonly #redisServes: SharedCheck;
  readonly #storage: SharedCheck;

  constructor(
    @Inject(REDIS) redis: Redis,
    @Inject(STORAGE) storage: Storage,
    @Inject(CONFIG) { redisPrefix }: ApiConfig,
  ) {
    this.#redis = new SharedCheck(() => redis.ping(), REDIS_KEPT_MS);
    this.#redisServes = new SharedCheck(() => checkRedisServes(redis, redisPrefix), WRITES_KEPT_MS);
    this.#storage = new SharedCheck(() => inTime(storage.check()), WRITES_KEPT_MS);
  }

  @Get('live')
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ standardSchema: health, description: 'It does.' })
  @ApiProblemsFromAnywhere()
  live(): Health {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Whether requests can be served: Redis and the storage answer and take what is written',
    description: 'Whether Redis answers as of the last second; the rest, if it was well, as of the last ten.',
  })
  @ApiOkResponse({ standardSchema: health, description: 'They can.' })
  @ApiProblemsFromAnywhere('not_ready')
  async ready(): Promise<Health> {
    const [answers, storage] = await Promise.all([this.#redis.result(), this.#storage.result()]);
    const redis = answers.passed ? await this.#redisServes.result() : answers;
    const faults = [...(redis.passed ? [] : [redisFault(redis.error)]), ...(storage.passed ? [] : [STORAGE_FAULT])];
    if (faults.length > 0) throw new Problem('not_ready', faults.join(' '), { headers: { 'retry-after': '2' } });
    return { status: 'ok' };
  }
}

async function inTime(check: Promise<void>): Promise<void> {
  const answered = new AbortController();
  const late = wait(STORAGE_MS, undefined, { signal: answered.signal }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    await Promise.race([check, late]);
  } finally {
    answered.abort();
    late.catch(() => undefined);
  }
}

const STORAGE_FAULT = 'No answer from the storage.';

function redisFault(error: unknown): string {
  const refusal = redisRefusal(error);
  if (refusal?.code === 'unreachable') return 'No answer from Redis.';
  if (refusal) return refusal.message;
  return error instanceof UnsafeRedisError ? error.message : 'Redis refuses what jobs need of it.';
}
