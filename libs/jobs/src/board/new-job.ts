import type { Job, JobKind, JobState } from '@glyphmill/contract';
import type { JobDraft, JobDrafts } from '../kinds/job-draft.js';
import { kindNamed } from '../kinds/kinds.js';
import { type NamedArtifact, recordedArtifacts } from '../records/artifacts.js';
import { ancestorsOf } from '../records/checkpoint-pointer.js';
import { type NewPrompts, requestFields, type NewRecord } from '../records/job-record.js';
import type { Lane } from '../records/lane.js';

/** The job that another continues, which must exist when it is created. */
export function sourceOf(draft: JobDraft): string | undefined {
  if (draft.retryOf !== undefined) return draft.retryOf;
  return draft.kind === 'train' && draft.checkpoints ? draft.request.resumeFrom : undefined;
}

/** The jobs that made the checkpoints which a job resumes from. */
export function ancestorsOfDraft(draft: JobDraft): string[] {
  return draft.kind === 'train' ? ancestorsOf(draft.checkpoints ?? []) : [];
}

/** The lane, the artifacts and the record of a job that is to be. `workers` is how many workers there are. */
export function planJob<Kind extends JobKind>(
  kindName: Kind,
  draft: JobDrafts[Kind] & JobDraft,
  { id, workers, prompts }: { id: string; workers: number; prompts: NewPrompts | undefined },
): { lane: Lane; artifacts: NamedArtifact[]; record: NewRecord } {
  const kind = kindNamed(kindName);
  const { request } = draft;
  const lane = kind.laneOf(draft);
  const artifacts = kind.artifactsOf(request);
  const record = {
    id,
    kind: kindName,
    lane,
    state: 'queued' satisfies JobState,
    ...requestFields(request, prompts),
    spent: 0,
    maxAttempts: request.maxAttempts,
    priority: request.priority,
    tags: JSON.stringify(request.tags),
    tenant: draft.tenant ?? 'default',
    artifacts: recordedArtifacts(artifacts),
    delivery: 1,
    ...kind.ownFields(draft, workers),
    ...(request.deadline === undefined ? {} : { deadline: Date.parse(request.deadline) }),
    ...(draft.retryOf === undefined ? {} : { retryOf: draft.retryOf }),
  };
  return { lane, artifacts, record };
}

/** A job that was just created, as a list shows it: without prompts and its place in the queue. */
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
