import { deepStrictEqual as deepEqual } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Action, apply, type JobModel, queuedModel } from './job-model.fixture.js';
import { actionsOf, newWorker, otherStep, type Step, type StepWorker, workerStep } from './job-step.fixture.js';
import { JobUnderTest, type Seen, seenOf } from './job-under-test.fixture.js';
import { connectRedis } from '../redis/redis-connection.js';
import { useValkey } from '../redis/redis.fixture.js';

const valkey = useValkey();

/** Two workers and whoever else acts on the job, each on a connection of its own. */
const CLIENTS = [0, 1, 2];
let connections: Redis[] = [];
beforeAll(() => {
  connections = CLIENTS.map(() => connectRedis(valkey.url(), 'worker', () => undefined));
});
afterAll(() => {
  for (const connection of connections) connection.disconnect();
});

const maxAttempts = fc.integer({ min: 1, max: 4 });

/** The job, its workers and its other client, each with what it knows. */
interface Real {
  job: JobUnderTest;
  workers: StepWorker[];
}

async function open(attempts: number): Promise<{ model: JobModel; real: Real }> {
  const job = await JobUnderTest.create(connections, valkey.fresh(), attempts);
  return { model: queuedModel(attempts), real: { job, workers: CLIENTS.map((client) => newWorker(`w${client}`)) } };
}

/** A step of one client, whose answer and whose traces must be the model's. */
class StepCommand implements fc.AsyncCommand<JobModel, Real> {
  constructor(
    readonly client: number,
    readonly step: Step,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: JobModel, { job, workers }: Real): Promise<void> {
    for (const action of actionsOf(this.step, workers[this.client]!, model)) {
      const told = { action, answer: await job.perform(this.client, action) };
      deepEqual(told, { action, answer: apply(model, action) });
      deepEqual(await job.see(), seenOf(model));
    }
    deepEqual({ step: this.step, isStranded: await isStranded(job, model) }, { step: this.step, isStranded: false });
  }

  toString(): string {
    return `${this.client}: ${JSON.stringify(this.step)}`;
  }
}

/** Whether a job waits to be run and nothing will bring it to a worker; the rescuer would mend it, but must not have to. */
async function isStranded(
  job: JobUnderTest,
  { state, isDue, delivery }: Pick<Seen, 'state' | 'isDue' | 'delivery'>,
): Promise<boolean> {
  return state === 'queued' && !isDue && !(await job.isDelivered(delivery));
}

test('a job is what its model says, whatever is done to it in whatever order', async () => {
  const commands = fc.commands<JobModel, Real, false>(
    [
      fc.tuple(fc.constantFrom(0, 1), workerStep).map(([client, step]) => new StepCommand(client, step)),
      otherStep.map((step) => new StepCommand(2, step)),
    ],
    { maxCommands: 40, size: 'max' },
  );
  await fc.assert(
    fc.asyncProperty(maxAttempts, commands, async (attempts, steps) => {
      const { model, real } = await open(attempts);
      try {
        await fc.asyncModelRun(() => ({ model, real }), steps);
        expect(await real.job.see()).toEqual(seenOf(model));
      } finally {
        await real.job.close();
      }
    }),
    { numRuns: 100 },
  );
});

/** What one client did, in its order, with the answers it got. */
type Told = { action: Action; answer: unknown }[];

test('whatever several clients do to a job at once, it and their answers are those of one order', async () => {
  const anyStep = fc.oneof(workerStep, otherStep);
  const before = fc.array(fc.tuple(fc.constantFrom(0, 1), anyStep), { maxLength: 8 });
  const few = { minLength: 1, maxLength: 2 };
  const atOnce = fc.tuple(fc.array(anyStep, few), fc.array(anyStep, few), fc.array(otherStep, few));
  const starts = fc.shuffledSubarray(CLIENTS, { minLength: CLIENTS.length });
  await fc.assert(
    fc.asyncProperty(maxAttempts, before, atOnce, starts, async (attempts, prefix, branches, order) => {
      const { model, real } = await open(attempts);
      try {
        for (const [client, step] of prefix) await new StepCommand(client, step).run(model, real);
        const actions = branches.map((steps, client) =>
          steps.flatMap((step) => actionsOf(step, real.workers[client]!, model)),
        );
        const told: Told[] = CLIENTS.map(() => []);
        await Promise.all(
          order.map(async (client) => {
            for (const action of actions[client]!) {
              told[client]!.push({ action, answer: await real.job.perform(client, action) });
            }
          }),
        );
        const seen = await real.job.see();
        const isExplained = isOneOrder(model, told, seen);
        expect({ isExplained, model, told, seen }).toMatchObject({ isExplained: true });
        expect(await isStranded(real.job, seen)).toBe(false);
      } finally {
        await real.job.close();
      }
    }),
    { numRuns: 200 },
  );
});

/** Whether some order of what the clients did, each in its own, yields these answers and leaves the job as it is seen. */
function isOneOrder(model: JobModel, told: readonly Told[], seen: Seen): boolean {
  if (told.every((each) => each.length === 0)) return isSame(seenOf(model), seen);
  return told.some(([next, ...rest], client) => {
    if (!next) return false;
    const after = structuredClone(model);
    return isSame(apply(after, next.action), next.answer) && isOneOrder(after, told.with(client, rest), seen);
  });
}

function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}
