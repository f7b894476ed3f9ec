import fc from 'fast-check';
import type { Action, Ending, JobModel } from './job-model.fixture.js';

/** One thing that somebody may do to a job; numbers, tokens and deliveries come when it is done. */
export type Step =
  | { do: 'expire' }
  /** `isLate`: without having the delivery. `isAgain`: the connection repeats it. */
  | { do: 'claim'; isLate: boolean; isAgain: boolean; isOlder: boolean }
  | { do: 'report'; isAgain: boolean }
  | { do: 'checkpoint'; steps: number }
  | { do: 'commit' }
  | { do: 'settle'; ending: Ending }
  | { do: 'cancel' }
  | { do: 'pause' }
  | { do: 'resume' }
  | { do: 'rescue' };

/** What a worker knows of the job; it does not know whether it still has it. */
export interface StepWorker {
  name: string;
  claims: number;
  reports: number;
}

export function newWorker(name: string): StepWorker {
  return { name, claims: 0, reports: 0 };
}

const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const ENDINGS = ['succeeded', 'failed', 'retry', 'retry', 'handed-back', 'handed-back', 'paused', 'paused'] as const;
const ending = fc.constantFrom<Ending[]>(...ENDINGS);

/** What a worker may do. */
export const workerStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('claim' as const), isLate: rarely, isAgain: rarely, isOlder: rarely }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('report' as const), isAgain: rarely }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('checkpoint' as const), steps: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), ending }) },
);

/** What clients, rescuers and the passing of time may do. */
export const otherStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('rescue' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
);

/** The actions that a step is, for a worker who sees the job as the model has it now. */
export function actionsOf(step: Step, worker: StepWorker, { delivery }: JobModel): Action[] {
  const token = `${worker.name}.${worker.claims}`;
  switch (step.do) {
    case 'expire':
      return [{ do: 'deliver', delivery, worker: null }];
    case 'claim': {
      if (!step.isAgain) Object.assign(worker, { claims: worker.claims + 1, reports: 0 });
      const number = step.isOlder ? delivery - 1 : delivery;
      const given: Action[] = step.isLate ? [] : [{ do: 'deliver', delivery: number, worker: worker.name }];
      const claimed = `${worker.name}.${worker.claims}`;
      return [...given, { do: 'claim', delivery: number, worker: worker.name, token: claimed }];
    }
    case 'report':
      if (!step.isAgain) worker.reports += 1;
      return [{ do: 'report', token, sequence: worker.reports }];
    case 'checkpoint':
      return [{ do: 'checkpoint', token, step: step.steps * 10 }];
    case 'commit':
      return [{ do: 'commit', token }];
    case 'settle':
      return [{ do: 'settle', token, ending: step.ending }];
    case 'cancel':
    case 'pause':
    case 'resume':
    case 'rescue':
      return [step];
  }
}
