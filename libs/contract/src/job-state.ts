/** The states of a job, in the order in which a job usually passes through them. */
export const JOB_STATES = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/**
 * The state machine: which states each state may be left for. Everything that moves a job reads this table.
 * `running → queued` is a worker handing back: a drain, or an attempt that failed and will be retried.
 */
export const TRANSITIONS: Record<JobState, readonly JobState[]> = {
  queued: ['running', 'paused', 'cancelled', 'failed'],
  running: ['queued', 'paused', 'succeeded', 'failed', 'cancelled'],
  paused: ['queued', 'cancelled', 'failed'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** A final state is never left. */
export function isFinal(state: JobState): boolean {
  return TRANSITIONS[state].length === 0;
}
