export { lanesOf } from './lane.js';
export type { Lane } from './lane.js';
export type { CheckpointPointer } from './checkpoint-pointer.js';
export type { ClaimedJob, ClaimedShard, ClaimedTrainJob } from './job-record.js';
export type { JobFilter, JobPage } from './job-list.js';
export { compareEventIds } from './job-events.js';
export type { Artifact, ArtifactUse } from './artifact-use.js';
export { DELETING } from './scripts/artifact-use.js';
export {
  ArtifactDeletedError,
  DeadlinePassedError,
  IdempotencyConflictError,
  InvalidCursorError,
  JobNotFoundError,
  JobsDeletedError,
  JobStateConflictError,
  QueueFullError,
} from './errors.js';
export { JobStore } from './job-store.js';
export type { QueueCounts, Retention } from './job-store.js';
export type { IdempotencyKey } from './job-creation.js';
export type { JobDraft } from './job-draft.js';
export type { ShardStore } from './shard-store.js';
export { shardCounts } from './shard-entry.js';
export type { ShardCounts, ShardProgress, ShardResult } from './shard-entry.js';
export type { HeartbeatAnswer, WorkerOutcome, WorkerReport, WorkerResults } from './worker-hold.js';
export type { PromptStore } from './prompt-store.js';
export { EventHub } from './event-hub.js';
export type { EventGap } from './event-hub.js';
export { DeliveryWorker, HandBack } from './delivery-worker.js';
export type { Delivery } from './delivery-worker.js';
export { Sweep } from './sweep.js';
export { WorkerRegistry } from './worker-registry.js';
export { connectRedis } from './redis-connection.js';
export { isRedisUnavailable, redisRefusal } from './redis-refusal.js';
export { checkRedis, checkRedisServes, UnsafeRedisError } from './redis-durability.js';
export { machineMemory } from './machine-memory.js';
export type { MachineMemory } from './machine-memory.js';
export { DEFAULT_PREFIX } from './job-keys.js';
