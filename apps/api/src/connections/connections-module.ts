import { Catalog } from '@glyphmill/catalog';
import { connectRedis, EventHub, JobBoard, JobRescuer, WorkerRegistry } from '@glyphmill/jobs';
import { openStorage, type Storage } from '@glyphmill/storage';
import {
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { refuseUnsafeRedis } from './redis-check.js';
import { CONFIG, REDIS, STORAGE } from './tokens.js';

type Redis = ReturnType<typeof connectRedis>;

const logger = new Logger('Redis');

/** What the API shares with the workers: Redis, with all that libs/jobs keeps there, and the artifact store. */
@Module({})
export class ConnectionsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly jobs: JobBoard,
    private readonly hub: EventHub,
    private readonly rescuer: JobRescuer,
  ) {}

  static with(config: ApiConfig): DynamicModule {
    const { redisUrl, redisPrefix: prefix, maxQueuedJobs: maxWaitingJobs, maxQueuedBytes: maxWaitingBytes } = config;
    const { storageUrl, isStoragePrivate: isPrivate } = config;
    return {
      module: ConnectionsModule,
      global: true,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: STORAGE, useFactory: () => openStorage(storageUrl, { isPrivate }) },
        { provide: Catalog, inject: [STORAGE], useFactory: (storage: Storage) => new Catalog(storage) },
        { provide: REDIS, useFactory: () => connectRedis(redisUrl, 'api', logOutage()) },
        {
          provide: JobBoard,
          inject: [REDIS, Catalog],
          useFactory: (redis: Redis, { prompts: promptStore }: Catalog) =>
            new JobBoard({ redis, prefix, maxWaitingJobs, maxWaitingBytes, promptStore }),
        },
        {
          provide: EventHub,
          inject: [REDIS, JobBoard],
          useFactory: (redis: Redis, store: JobBoard) => new EventHub({ redis, store, prefix }),
        },
        { provide: JobRescuer, inject: [REDIS], useFactory: (redis: Redis) => new JobRescuer({ redis, prefix }) },
        {
          provide: WorkerRegistry,
          inject: [REDIS],
          useFactory: (redis: Redis) => new WorkerRegistry({ redis, prefix }),
        },
      ],
      exports: [CONFIG, STORAGE, Catalog, REDIS, JobBoard, EventHub, WorkerRegistry],
    };
  }

  /** Throws `UnsafeRedisError`, which ends the start. */
  async onApplicationBootstrap(): Promise<void> {
    await refuseUnsafeRedis(this.redis, this.config.redisPrefix, logger);
    this.rescuer.start((error) => logger.debug('a rescue round failed', { reason: String(error) }));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.hub.close();
    await this.rescuer.stop();
    await this.jobs.close();
    this.redis.disconnect();
  }
}

/** Reports an outage when its kind changes, not at each of the attempts to connect again. */
function logOutage(): (error: Error) => void {
  let last = '';
  return (error) => {
    if (error.message === last) return;
    last = error.message;
    logger.warn('Redis is away', { reason: error.message });
  };
}
