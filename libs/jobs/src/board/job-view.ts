import type { Job } from '@glyphmill/contract';
import { kindNamed } from '../kinds/kinds.js';
import type { JobRecord } from '../records/job-record.js';

/** The job as its users see it. */
export function jobOf(record: JobRecord, queuePosition: number | null): Job {
  const instant = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    id: record.id,
    state: record.state,
    createdAt: new Date(record.createdAt).toISOString(),
    startedAt: instant(record.startedAt),
    finishedAt: instant(record.finishedAt),
    error: record.error ?? null,
    attempts: record.spent,
    maxAttempts: record.maxAttempts,
    priority: record.priority,
    tags: record.tags,
    worker: record.worker ?? null,
    queuePosition,
    requested: record.requested ?? null,
    retryOf: record.retryOf ?? null,
    ...kindNamed(record.kind).view(record),
  };
}
