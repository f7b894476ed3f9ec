import { hostname } from 'node:os';
import { Catalog } from '@glyphmill/catalog';
import { checkRedis, connectRedis, JobClaims, WorkerRegistry } from '@glyphmill/jobs';
import { openStorage } from '@glyphmill/storage';
import { ulid } from 'ulid';
import { Announcement } from './announcement.js';
import type { WorkerConfig } from './config.js';
import { engineEnvironment } from './engine/engine-environment.js';
import type { Lease } from './lease.js';
import type { Logger } from './log.js';
import { MemoryGate } from './memory/memory-gate.js';
import { OutageLog } from './outage-log.js';
import type { JobContext } from './process-delivery.js';
import { describeRoles, rolesOf, takeDeliveries } from './roles.js';

/** How much of the grace time is left for ending the engines and handing the jobs back. */
const HAND_BACK_MS = 5000;

/** A running worker. */
export interface RunningWorker {
  id: string;
  /** Whether it has no job that it would have to hand back. */
  isIdle(): boolean;
  /** Stops taking jobs, hands back those it has, and ends its engines. */
  stop(): Promise<void>;
}

/**
 * Starts a worker: its engines first, so that a device or library that cannot be used ends the start with the reason,
 * then the deliveries. Returns it once it takes jobs. Throws also if Redis may drop what it is given.
 */
export async function startWorker(
  config: WorkerConfig,
  log: Logger,
  inherited: NodeJS.ProcessEnv,
  runtimes: Parameters<typeof engineEnvironment>[2],
): Promise<RunningWorker> {
  const environment = engineEnvironment(config, inherited, runtimes);
  const outages = new OutageLog(log);
  const { redisPrefix: prefix, shutdownGraceMs: graceMs } = config;
  const redis = connectRedis(config.redisUrl, 'worker', (error) => outages.report(error, 'redis'));
  const storage = await openStorage(config.storageUrl, { isPrivate: config.isStoragePrivate });
  const draining = new AbortController();
  const context: JobContext = {
    claims: new JobClaims({ redis, prefix }),
    storage,
    catalog: new Catalog(storage),
    log,
    workerId: `worker_${ulid()}`,
    memory: new MemoryGate(),
    leases: new Set<Lease>(),
    farewellMs: Math.max(graceMs / 4, graceMs - HAND_BACK_MS),
    draining: draining.signal,
  };

  const roles = rolesOf(config, context, environment);
  const { device, libraries } = await describeRoles(roles, config);
  for (const warning of await checkRedis(redis, prefix)) log.warn(warning);
  const { workerId, claims, leases } = context;
  const { threads, roles: roleNames } = config;
  log.info({ worker: workerId, device, libraries, threads, roles: roleNames, storage: storage.place }, 'worker ready');

  const registry = new WorkerRegistry({ redis, prefix });
  const facts = { host: hostname(), pid: process.pid, device, roles: roleNames, libraries };
  const announcement = await Announcement.begin(registry, context, facts);
  const takers = roles.flatMap((role) => takeDeliveries(role, config, (error) => outages.report(error, 'queue')));

  return {
    id: workerId,
    isIdle: () => leases.size === 0,
    stop: async () => {
      draining.abort();
      await Promise.all(takers.map((taker) => taker.close()));
      await Promise.all(roles.map((role) => role.stop()));
      await announcement.end();
      await claims.close();
      redis.disconnect();
    },
  };
}
