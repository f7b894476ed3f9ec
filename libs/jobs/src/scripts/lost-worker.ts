import type { JobError } from '@glyphmill/contract';

/** What a job that its worker left is said to have met. */
const LOST_WORKER: JobError = {
  code: 'worker_lost',
  message: 'the worker that had the job stopped answering',
  retryable: true,
};

/** The same as a Lua expression: its JSON. */
export const LOST_WORKER_JSON = `[==[${JSON.stringify(LOST_WORKER)}]==]`;
