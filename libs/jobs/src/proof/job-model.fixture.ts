import { isFinal, type JobState, TRANSITIONS } from '@glyphmill/contract';
import { KEPT_CHECKPOINTS } from '../records/checkpoint-pointer.js';

/** How a worker's hold can end, in the words of the rules. */
export type Ending = 'succeeded' | 'failed' | 'retry' | 'handed-back' | 'paused';

/** One thing done to a job, with all that it needs to be done again: to the model, and to the real store. */
export type Action =
  /** BullMQ hands a delivery to a worker, or takes it from whoever has it. */
  | { do: 'deliver'; delivery: number; worker: string | null }
  | { do: 'claim'; delivery: number; worker: string; token: string }
  | { do: 'report'; token: string; sequence: number }
  | { do: 'checkpoint'; token: string; step: number }
  | { do: 'commit'; token: string }
  | { do: 'settle'; token: string; ending: Ending }
  | { do: 'cancel' }
  | { do: 'pause' }
  | { do: 'resume' }
  /** The back-off of a failed attempt passes, and the rescuer looks. */
  | { do: 'rescue' };

/** What a job is, as the rules say it, in plain values: what the store is held against. */
export interface JobModel {
  state: JobState;
  spent: number;
  maxAttempts: number;
  /** The number of the newest delivery. */
  delivery: number;
  /** Who has which delivery from BullMQ. */
  holders: Record<number, string>;
  /** The token of the worker that has the job. */
  lease: string | null;
  /** The highest sequence number of a report under the lease. */
  heard: number;
  isCommitting: boolean;
  /** Whether the worker that has the job is asked to pause it. */
  isToPause: boolean;
  /** Whether the job waits for its back-off. */
  isDue: boolean;
  /** The code of the last error. */
  error: string | null;
  /** Steps of the checkpoints pointed to, newest first, with the token that wrote each. */
  checkpoints: string[];
  furthestStep: number;
  events: string[];
  /** The state that each token settled the job into. */
  settled: { token: string; state: JobState } | null;
}

export function queuedModel(maxAttempts: number): JobModel {
  return {
    state: 'queued',
    spent: 0,
    maxAttempts,
    delivery: 1,
    holders: {},
    lease: null,
    heard: 0,
    isCommitting: false,
    isToPause: false,
    isDue: false,
    error: null,
    checkpoints: [],
    furthestStep: 0,
    events: ['queued'],
    settled: null,
  };
}

/** Does an action to the model, and returns the answer that the store must give. */
export function apply(job: JobModel, action: Action): unknown {
  switch (action.do) {
    case 'deliver':
      if (action.worker === null) delete job.holders[action.delivery];
      else job.holders[action.delivery] = action.worker;
      return null;
    case 'claim':
      return claim(job, action);
    case 'report':
      if (job.lease !== action.token) return { held: false, requested: null };
      if (action.sequence > job.heard) {
        job.heard = action.sequence;
        job.events.push(`log ${action.token} ${action.sequence}`);
      }
      return { held: true, requested: job.isToPause ? 'pause' : null };
    case 'checkpoint':
      return saveCheckpoint(job, action);
    case 'commit':
      if (job.lease !== action.token) return false;
      job.isCommitting = true;
      return true;
    case 'settle':
      return settle(job, action);
    case 'cancel':
      if (job.state === 'cancelled') return 'cancelled';
      if (isFinal(job.state) || job.isCommitting) return 'conflict';
      leave(job, 'cancelled');
      job.isDue = false;
      return 'cancelled';
    case 'pause':
      return pause(job);
    case 'resume':
      return resume(job);
    case 'rescue':
      if (!job.isDue) return 0;
      job.isDue = false;
      job.delivery += 1;
      return 1;
  }
}

/** Rules 4 and 9: the newest delivery, in the hands of who has it; a job that was left spends an attempt. */
function claim(job: JobModel, { delivery, worker, token }: Extract<Action, { do: 'claim' }>): unknown {
  const claimed = () => ({ spent: job.spent, checkpoints: [...job.checkpoints] });
  if (delivery !== job.delivery) return 'refused';
  if (job.lease === token) return claimed();
  if (job.holders[delivery] !== worker || job.isDue) return 'refused';
  if (job.state !== 'queued' && job.state !== 'running') return 'refused';
  const isLeft = job.state === 'running';
  if (isLeft) {
    job.spent += 1;
    job.error = 'worker_lost';
    if (job.spent >= job.maxAttempts) {
      leave(job, 'failed', job.error);
      return 'refused';
    }
    if (job.isToPause) {
      leave(job, 'paused', job.error);
      return 'refused';
    }
  }
  move(job, 'running', isLeft ? job.error : null);
  Object.assign(job, { lease: token, heard: 0, isCommitting: false });
  return claimed();
}

/** Rules 7 and 9: only under the lease; passing the furthest step gives the attempts back. */
function saveCheckpoint(job: JobModel, { token, step }: Extract<Action, { do: 'checkpoint' }>): unknown {
  if (job.lease !== token) return 'lost';
  const name = `${step} ${token}`;
  if (job.checkpoints[0] === name) return [...job.checkpoints];
  const earlier = job.checkpoints.filter((each) => Number.parseInt(each, 10) < step);
  job.checkpoints = [name, ...earlier].slice(0, KEPT_CHECKPOINTS);
  if (step > job.furthestStep) Object.assign(job, { furthestStep: step, spent: 0 });
  job.events.push(`checkpoint ${step}`);
  return [...job.checkpoints];
}

/** Rules 6, 9 and 11: once a token; a drain spends nothing, an attempt that failed waits for its back-off. */
function settle(job: JobModel, { token, ending }: Extract<Action, { do: 'settle' }>): unknown {
  if (job.settled?.token === token) return job.settled.state;
  if (job.lease !== token) return 'lost';
  const isFailure = ending === 'failed' || ending === 'retry';
  if (isFailure) {
    job.spent += 1;
    job.error = 'engine_died';
  }
  if (ending === 'succeeded') job.error = null;
  if (ending === 'succeeded' || ending === 'failed') leave(job, ending, isFailure ? job.error : null);
  else if (ending === 'retry' && job.spent >= job.maxAttempts) leave(job, 'failed', job.error);
  else {
    leave(job, job.isToPause ? 'paused' : 'queued', isFailure ? job.error : null);
    job.isDue = ending === 'retry' && job.state === 'queued';
  }
  job.settled = { token, state: job.state };
  return job.state;
}

/** Rule 8: at once if no worker has the job, and else a request to the one that has it. */
function pause(job: JobModel): unknown {
  if (job.state === 'paused') return 'paused';
  if (isFinal(job.state) || job.isCommitting) return 'conflict';
  job.isDue = false;
  if (job.lease === null) leave(job, 'paused');
  else job.isToPause = true;
  return 'paused';
}

/** Rule 11: a paused job is queued under a new delivery; one that is only to pause continues. */
function resume(job: JobModel): unknown {
  if (isFinal(job.state)) return 'conflict';
  job.isToPause = false;
  if (job.state === 'paused') {
    job.delivery += 1;
    leave(job, 'queued');
  }
  return 'resumed';
}

/** Moves a job out of its worker's hands. */
function leave(job: JobModel, to: JobState, why: string | null = null): void {
  move(job, to, why);
  Object.assign(job, { lease: null, heard: 0, isCommitting: false, isToPause: false });
}

/** Only along the table; `running` may come again, where another worker takes the job over. */
function move(job: JobModel, to: JobState, why: string | null): void {
  const isTakeover = job.state === 'running' && to === 'running';
  if (!isTakeover && !TRANSITIONS[job.state].includes(to)) throw new Error(`${job.state} → ${to} is no transition`);
  job.state = to;
  job.events.push(why === null ? to : `${to}: ${why}`);
}
