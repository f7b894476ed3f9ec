import type { Storage } from '@glyphmill/storage';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { REDIS, STORAGE } from '../connections/tokens.js';
import { ApiProblems } from '../openapi/api-problems.js';
import { Problem } from '../problem/problem.js';
import { type Health, health } from './health.js';

/** What the readiness check asks of a Redis connection. */
interface Pingable {
  ping(): Promise<string>;
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    @Inject(REDIS) private readonly redis: Pingable,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  @Get('live')
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ standardSchema: health, description: 'It does.' })
  @ApiProblems()
  live(): Health {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether requests can be served: Redis and the storage answer' })
  @ApiOkResponse({ standardSchema: health, description: 'They can.' })
  @ApiProblems('not_ready')
  async ready(): Promise<Health> {
    const [redis, storage] = await Promise.allSettled([this.redis.ping(), this.storage.check()]);
    const away = [
      ...(redis.status === 'rejected' ? ['Redis'] : []),
      ...(storage.status === 'rejected' ? ['the storage'] : []),
    ];
    if (away.length > 0) {
      const detail = `No answer from ${away.join(' and ')}.`;
      throw new Problem('not_ready', detail, { headers: { 'retry-after': '2' } });
    }
    return { status: 'ok' };
  }
}
