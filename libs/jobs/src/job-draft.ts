import type { GenerateRequest, Job, JobState, TrainRequest } from '@glyphmill/contract';
import { artifactsOf, recordedArtifacts } from './artifact-use.js';
import { checkpointOwner, type CheckpointPointer } from './checkpoint-pointer.js';
import { type NewPrompts, requestFields } from './job-record.js';
import { generateLane, type Lane } from './lane.js';
import { planShards } from './shard-plan.js';

interface TrainDraft {
  kind: 'train';
  request: TrainRequest;
  /** Checkpoints of another job that this one goes on from, newest first. */
  checkpoints?: CheckpointPointer[];
}

interface GenerateDraft {
  kind: 'generate';
  request: GenerateRequest;
  /** How many prompts the request has, or the dataset that it names. */
  promptCount: number;
}

/** A job that is to be. */
export type JobDraft = (TrainDraft | GenerateDraft) & {
  /** Whose job it is. */
  tenant?: string;
  /** The job that this one makes again. */
  retryOf?: string;
};

/** The fields of a new record, but for when it was made. */
export type NewRecord = Record<string, string | number>;

/** The job that another goes on from, which must be there when it is made. */
export function sourceOf(draft: JobDraft): string | undefined {
  if (draft.retryOf !== undefined) return draft.retryOf;
  return draft.kind === 'train' && draft.checkpoints ? draft.request.resumeFrom : undefined;
}

/** The jobs that made the checkpoints which a job goes on from. */
export function ancestorsOf(draft: JobDraft): string[] {
  return draft.kind === 'train' ? [...new Set(draft.checkpoints?.map(checkpointOwner))] : [];
}

/** The lane in which its deliveries wait. */
export function laneOf(draft: JobDraft): Lane {
  return draft.kind === 'train' ? 'train' : generateLane({ ...draft.request, promptCount: draft.promptCount });
}

/** The record of a job that is to be. `workers` is how many workers there are: a job in shards starts about twice as wide. */
export function recordOf(draft: JobDraft, id: string, workers: number, prompts?: NewPrompts): NewRecord {
  const { kind, request } = draft;
  return {
    id,
    kind,
    lane: laneOf(draft),
    state: 'queued' satisfies JobState,
    ...requestFields(request, prompts),
    spent: 0,
    maxAttempts: request.maxAttempts,
    priority: request.priority,
    tags: JSON.stringify(request.tags),
    tenant: draft.tenant ?? 'default',
    artifacts: recordedArtifacts(artifactsOf(draft)),
    delivery: 1,
    ...(draft.kind === 'generate' ? shardFields(draft, workers) : inheritedFields(draft)),
    ...(request.deadline === undefined ? {} : { deadline: Date.parse(request.deadline) }),
    ...(draft.retryOf === undefined ? {} : { retryOf: draft.retryOf }),
  };
}

/** A job that was just made, as a list shows it: without prompts and its place in the queue. */
export function queuedJob(draft: JobDraft, id: string, createdAtMs: number): Job {
  const { request } = draft;
  const common = {
    id,
    state: 'queued',
    createdAt: new Date(createdAtMs).toISOString(),
    startedAt: null,
    finishedAt: null,
    progress: null,
    result: null,
    error: null,
    attempts: 0,
    maxAttempts: request.maxAttempts,
    priority: request.priority,
    tags: request.tags,
    worker: null,
    queuePosition: null,
    requested: null,
    retryOf: draft.retryOf ?? null,
  } as const;
  if (draft.kind === 'train') return { ...common, kind: 'train', request: draft.request };
  const { prompts: _prompts, ...shown } = draft.request;
  return { ...common, kind: 'generate', request: shown };
}

/** The fields of a job in shards. */
function shardFields({ request, promptCount }: GenerateDraft, workers: number): NewRecord {
  const { shards, promptsPerShard } = planShards({ ...request, promptCount });
  const open = Math.min(shards, Math.max(2, 2 * workers));
  return {
    model: request.model,
    promptCount,
    promptsPerShard,
    shards,
    reserved: open,
    width: open,
    total: promptCount * request.samples,
    done: 0,
    failed: 0,
    tokens: 0,
  };
}

/** The fields that hand another job's checkpoints to a new record. */
function inheritedFields(draft: TrainDraft): NewRecord {
  const { checkpoints = [] } = draft;
  const newest = checkpoints[0];
  if (!newest) return {};
  const heirOf = JSON.stringify(ancestorsOf(draft));
  return { checkpoints: JSON.stringify(checkpoints), furthestStep: newest.step, heirOf };
}
