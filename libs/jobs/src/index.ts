export { JobBoard } from './board/job-board.js';
export type { QueueCounts, Retention } from './board/job-board.js';
export type { IdempotencyKey } from './board/job-creation.js';
export type { JobFilter, JobPage } from './board/job-list.js';
export type { ArtifactUse } from './board/artifact-use.js';
export {
  ArtifactDeletedError,
  DeadlinePassedError,
  IdempotencyConflictError,
  InvalidCursorError,
  JobNotFoundError,
  JobsDeletedError,
  JobStateConflictError,
  QueueFullError,
} from './board/errors.js';
export { EventHub } from './board/event-hub.js';
export type { EventGap } from './board/event-hub.js';
export { JobRescuer } from './board/job-rescuer.js';
export { WorkerRegistry } from './board/worker-registry.js';
export { JobClaims } from './hold/job-claims.js';
export { Hold } from './hold/hold.js';
export type { AnyHold } from './hold/hold.js';
export type { ClaimedShard, ClaimedTrainJob } from './kinds/claimed-job.js';
export type { JobDraft } from './kinds/job-draft.js';
export type { WorkerOutcome, WorkerReport, WorkerResults } from './kinds/kind.js';
export { lanesOf } from './kinds/kinds.js';
export { DELETING } from './scripts/artifact-use.js';
export { DeliveryWorker, HandBack } from './deliveries/delivery-worker.js';
export type { Delivery } from './deliveries/delivery-worker.js';
export type { Artifact } from './records/artifacts.js';
export type { CheckpointPointer } from './records/checkpoint-pointer.js';
export { compareEventIds } from './records/job-events.js';
export { DEFAULT_PREFIX } from './records/job-keys.js';
export type { Lane } from './records/lane.js';
export type { PromptStore } from './records/prompt-store.js';
export { shardCounts } from './records/shard-entry.js';
export type { ShardCounts, ShardProgress, ShardResult } from './records/shard-entry.js';
export { RepeatedTask } from './repeated-task.js';
export { connectRedis } from './redis/redis-connection.js';
export { checkRedis, checkRedisServes, UnsafeRedisError } from './redis/redis-durability.js';
export { isRedisUnavailable, redisRefusal } from './redis/redis-refusal.js';
