import { hostname } from 'node:os';
import { Catalog } from '@glyphmill/catalog';
import {
  checkRedis,
  connectRedis,
  type Delivery,
  DeliveryWorker,
  JobStore,
  type Lane,
  lanesOf,
  WorkerRegistry,
} from '@glyphmill/jobs';
import { openStorage } from '@glyphmill/storage';
import { ulid } from 'ulid';
import type { WorkerConfig, WorkerRole } from './config.js';
import { engineEnvironment } from './engine/engine-environment.js';
import { generateJob } from './generate/generate-job.js';
import { GenerationEngines } from './generate/generation-engines.js';
import type { Lease } from './lease.js';
import type { Logger } from './log.js';
import { OutageLog } from './outage-log.js';
import { MemoryGate } from './memory/memory-gate.js';
import { type JobContext, processDelivery } from './process-delivery.js';
import { TrainingEngines } from './train/training-engines.js';
import { trainingEnvironment } from './train/training-environment.js';
import { trainJob } from './train/train-job.js';

const ANNOUNCE_MS = 1000;

/**
 * How many deliveries of a lane a worker has at once. A training takes the whole device; of the shards of generate jobs
 * one is always there when another ends, so that the engine never waits for the queue; and small generate jobs, which
 * somebody may be waiting for, go into the engine's batches beside them.
 */
const CONCURRENCY: Record<Lane, number> = { train: 1, generate: 2, 'generate-now': 8 };

/** How much of the grace time is left for ending the engines and handing the jobs back. */
const HAND_BACK_MS = 5000;

/** How long an engine may take to end before it is killed; less where the grace time is short. */
const ENGINE_STOP_MS = 2000;

/** A running worker. */
export interface RunningWorker {
  id: string;
  /** Whether it has no job that it would have to hand back. */
  isIdle(): boolean;
  /** Stops taking jobs, hands back those it has, and ends its engines. */
  stop(): Promise<void>;
}

/** A role's engines and the deliveries that feed them. */
interface Role {
  describe(): Promise<{ device: string; libraries: Record<string, string> }>;
  deliveries(): DeliveryWorker[];
  stop(): Promise<void>;
}

/**
 * Starts a worker: its engines first, so that a device or library that cannot be used ends the start with the reason,
 * then the deliveries. Gives it once it takes jobs. Throws also where Redis may drop what it is given.
 */
export async function startWorker(
  config: WorkerConfig,
  log: Logger,
  inherited: NodeJS.ProcessEnv,
  runtimes: Parameters<typeof engineEnvironment>[2],
): Promise<RunningWorker> {
  const environment = engineEnvironment(config, inherited, runtimes);
  const outages = new OutageLog(log);
  const redis = connectRedis(config.redisUrl, 'worker', (error) => outages.report(error, 'redis'));
  const storage = await openStorage(config.storageUrl, { isPrivate: config.isStoragePrivate });
  const store = new JobStore({ redis, prefix: config.redisPrefix });
  const leases = new Set<Lease>();
  const draining = new AbortController();
  const workerId = `worker_${ulid()}`;
  const graceMs = config.shutdownGraceMs;
  const engineStopMs = Math.min(ENGINE_STOP_MS, graceMs / 4);
  const farewellMs = Math.max(graceMs / 4, graceMs - HAND_BACK_MS);
  const memory = new MemoryGate();
  const catalog = new Catalog(storage);
  const context: JobContext = {
    store,
    storage,
    catalog,
    log,
    workerId,
    leases,
    farewellMs,
    memory,
    draining: draining.signal,
  };

  // Every role has its engine and its work here; the compiler refuses a role without one.
  const makeRole: Record<WorkerRole, () => Role> = {
    train: () => {
      const engines = new TrainingEngines(trainingEnvironment(config, environment), engineStopMs);
      const work = trainJob(context, engines);
      return role('train', engines, (delivery) => processDelivery(context, 'train', work, delivery));
    },
    generate: () => {
      const engines = new GenerationEngines(environment);
      const work = generateJob(context, engines);
      return role('generate', engines, (delivery) => processDelivery(context, 'generate', work, delivery));
    },
  };
  function role(
    kind: WorkerRole,
    engines: TrainingEngines | GenerationEngines,
    handle: (delivery: Delivery) => Promise<void>,
  ): Role {
    return {
      describe: () => engines.describe(),
      deliveries: () =>
        lanesOf(kind).map(
          (lane) =>
            new DeliveryWorker({
              lane,
              concurrency: CONCURRENCY[lane],
              redisUrl: config.redisUrl,
              prefix: config.redisPrefix,
              handle,
              onError: (error) => outages.report(error, 'queue'),
            }),
        ),
      stop: () => engines.stop(),
    };
  }

  const roles = [...new Set(config.roles)].map((name) => makeRole[name]());
  const described = await Promise.all(roles.map((each) => each.describe()));
  for (const warning of await checkRedis(redis, config.redisPrefix)) log.warn(warning);
  // An engine sees no GPU but its own, and calls it the first.
  const device = config.device.startsWith('cuda:')
    ? config.device
    : [...new Set(described.map((each) => each.device))].join(', ');
  const libraries = Object.assign({}, ...described.map((each) => each.libraries)) as Record<string, string>;
  const { threads, roles: roleNames } = config;
  log.info({ worker: workerId, device, libraries, threads, roles: roleNames, storage: storage.place }, 'worker ready');

  const registry = new WorkerRegistry({ redis, prefix: config.redisPrefix });
  const startedAt = new Date().toISOString();
  const announce = () =>
    registry.announce({
      id: workerId,
      host: hostname(),
      pid: process.pid,
      device,
      roles: config.roles,
      libraries,
      state: draining.signal.aborted ? 'draining' : leases.size > 0 ? 'busy' : 'idle',
      jobs: [...new Set([...leases].map((lease) => lease.job.id))],
      tokensPerSecond: [...leases].reduce((sum, lease) => sum + lease.tokensPerSecond, 0),
      startedAt,
    });
  await announce();
  // One at a time: while Redis is away they would pile up.
  let announcement: Promise<unknown> | undefined;
  const announcing = setInterval(() => {
    const isGenerating = [...leases].some(({ job }) => job.kind === 'generate');
    announcement ??= Promise.all([announce(), memory.occupied(isGenerating)])
      .catch(() => undefined)
      .finally(() => (announcement = undefined));
  }, ANNOUNCE_MS);
  const deliveries = roles.flatMap((each) => each.deliveries());

  return {
    id: workerId,
    isIdle: () => leases.size === 0,
    stop: async () => {
      draining.abort();
      await Promise.all(deliveries.map((each) => each.close()));
      clearInterval(announcing);
      await Promise.all(roles.map((each) => each.stop()));
      await memory.occupied(false);
      await registry.remove(workerId).catch(() => undefined);
      await store.close();
      redis.disconnect();
    },
  };
}
