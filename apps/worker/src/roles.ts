import { type Delivery, DeliveryWorker, type Lane, lanesOf } from '@glyphmill/jobs';
import type { WorkerConfig, WorkerRole } from './config.js';
import { GenerateJob } from './generate/generate-job.js';
import { GenerationEngines } from './generate/generation-engines.js';
import { type JobContext, processDelivery } from './process-delivery.js';
import { TrainJob } from './train/train-job.js';
import { TrainingEngines } from './train/training-engines.js';
import { trainingEnvironment } from './train/training-environment.js';

/**
 * How many deliveries of a lane a worker has at once. A training run takes the whole device; of the shards of generate jobs
 * one is always there when another ends, so that the engine never waits for the queue; and small generate jobs, which
 * somebody may be waiting for, go into the engine's batches beside them.
 */
const CONCURRENCY: Record<Lane, number> = { train: 1, generate: 2, 'generate-now': 8 };

/** How long an engine may take to end before it is killed; less if the grace time is short. */
const ENGINE_STOP_MS = 2000;

/** What a role's engines run on. */
interface EngineFacts {
  device: string;
  libraries: Record<string, string>;
}

/** A role of a worker: a kind of jobs, its engines, and what is done with its deliveries. */
export interface Role {
  kind: WorkerRole;
  /** Starts an engine to see whether it can be used. Throws the reason if it cannot. */
  describe(): Promise<EngineFacts>;
  handle: (delivery: Delivery) => Promise<void>;
  stop(): Promise<void>;
}

/** The roles that a worker is configured for, each once. `environment` is that of the engines. */
export function rolesOf(config: WorkerConfig, context: JobContext, environment: NodeJS.ProcessEnv): Role[] {
  return [...new Set(config.roles)].map((kind) => MAKE_ROLE[kind](config, context, environment));
}

/** The compiler refuses a role that is not here. */
const MAKE_ROLE: Record<
  WorkerRole,
  (config: WorkerConfig, context: JobContext, environment: NodeJS.ProcessEnv) => Role
> = {
  train(config, context, environment) {
    const stopMs = Math.min(ENGINE_STOP_MS, config.shutdownGraceMs / 4);
    const engines = new TrainingEngines(trainingEnvironment(config, environment), stopMs);
    const work = new TrainJob(context, engines);
    return roleOf('train', engines, (delivery) => processDelivery(context, work, delivery));
  },
  generate(_config, context, environment) {
    const engines = new GenerationEngines(environment);
    const work = new GenerateJob(context, engines);
    return roleOf('generate', engines, (delivery) => processDelivery(context, work, delivery));
  },
};

function roleOf(kind: WorkerRole, engines: Pick<Role, 'describe' | 'stop'>, handle: Role['handle']): Role {
  return { kind, handle, describe: () => engines.describe(), stop: () => engines.stop() };
}

/** Begins to take the deliveries of a role, one taker for each lane. */
export function takeDeliveries(
  { kind, handle }: Role,
  { redisUrl, redisPrefix: prefix }: WorkerConfig,
  onError: (error: Error) => void,
): DeliveryWorker[] {
  return lanesOf(kind).map(
    (lane) => new DeliveryWorker({ lane, concurrency: CONCURRENCY[lane], redisUrl, prefix, handle, onError }),
  );
}

/** What all roles of a worker run on. */
export async function describeRoles(roles: readonly Role[], { device }: WorkerConfig): Promise<EngineFacts> {
  const described = await Promise.all(roles.map((role) => role.describe()));
  return {
    // An engine sees no GPU but its own, and calls it the first.
    device: device.startsWith('cuda:') ? device : [...new Set(described.map((each) => each.device))].join(', '),
    libraries: Object.assign({}, ...described.map((each) => each.libraries)) as Record<string, string>,
  };
}
