import type { Storage } from '@glyphmill/storage';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { REDIS, STORAGE } from '../connections/tokens.js';
import { ApiProblemsFromAnywhere } from '../openapi/api-problems.js';
import { Problem } from '../problem/problem.js';
import { type Health, health } from './health.js';
import { SharedCheck } from './shared-check.js';

/** For how long what Redis answered is given again. */
const REDIS_KEPT_MS = { passed: 1000, failed: 1000 };

/** The storage is asked less often: its check writes a file to the disk. */
const STORAGE_KEPT_MS = { passed: 10_000, failed: 1000 };

/** What the readiness check asks of a Redis connection. */
interface Pingable {
  ping(): Promise<string>;
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  readonly #redis: SharedCheck;
  readonly #storage: SharedCheck;

  constructor(@Inject(REDIS) redis: Pingable, @Inject(STORAGE) storage: Storage) {
    this.#redis = new SharedCheck(() => redis.ping(), REDIS_KEPT_MS);
    this.#storage = new SharedCheck(() => storage.check(), STORAGE_KEPT_MS);
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
    summary: 'Whether requests can be served: Redis and the storage answer',
    description: 'As of the last second; the storage, if it was well, as of the last ten.',
  })
  @ApiOkResponse({ standardSchema: health, description: 'They can.' })
  @ApiProblemsFromAnywhere('not_ready')
  async ready(): Promise<Health> {
    const [redis, storage] = await Promise.all([this.#redis.passes(), this.#storage.passes()]);
    const away = [...(redis ? [] : ['Redis']), ...(storage ? [] : ['the storage'])];
    if (away.length > 0) {
      const detail = `No answer from ${away.join(' and ')}.`;
      throw new Problem('not_ready', detail, { headers: { 'retry-after': '2' } });
    }
    return { status: 'ok' };
  }
}
