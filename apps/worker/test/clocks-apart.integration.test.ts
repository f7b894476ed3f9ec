import type { JobEvent } from '@glyphmill/contract';
import { compareEventIds } from '@glyphmill/jobs';
import { beforeEach, expect, test } from 'vitest';
import { ENDLESS, useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

const DAY_MS = 24 * 3600 * 1000;
const SHIFTED_CLOCK = new URL('shifted-clock.fixture.mjs', import.meta.url).href;

/** A worker whose clock, and its engines', is ahead of ours. */
async function workerAhead(aheadMs: number) {
  return await place.worker({
    NODE_OPTIONS: `--import ${SHIFTED_CLOCK}`,
    GLYPHMILL_CLOCK_AHEAD_MS: String(aheadMs),
    WORKER_ROLES: 'train',
  });
}

const isQueuedAgain =
  (seen = 0) =>
  (event: JobEvent) =>
    event.type === 'state' && event.state === 'queued' && (seen += 1) > 1;

/** Matches the nth time that a job runs. */
const isRunningFor =
  (nth: number, seen = 0) =>
  (event: JobEvent) =>
    event.type === 'state' && event.state === 'running' && (seen += 1) === nth;

test('workers whose clocks are a day behind and a day ahead take, keep, hand over and end a job at the right times', async () => {
  const begun = Date.now();
  const behind = await workerAhead(-DAY_MS);
  // The clock is shifted indeed: the log says so.
  expect(Date.parse(String((await behind.logged('worker ready'))['time']))).toBeLessThan(begun - DAY_MS / 2);
  const job = await place.train({
    dataset: await place.dataset('fox'),
    training: { ...ENDLESS, checkpointIntervalSeconds: 0 },
  });
  await place.until(job, (event) => event.type === 'metric');
  // An attempt that fails waits for its back-off, by the clock of Redis.
  process.kill(await behind.trainingEngine(), 'SIGKILL');
  await place.until(job, isQueuedAgain());
  await behind.logged('job started');
  await place.until(job, isRunningFor(2));
  behind.signal('SIGTERM');
  expect(await behind.exitCode).toBe(0);
  await workerAhead(DAY_MS);
  await place.until(job, isRunningFor(3));
  await place.store.cancel(job.id);
  const ended = await place.ended(job);

  const { events } = await place.store.readEvents(job.id, '0', 10_000);
  const ids = events.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted(compareEventIds));
  const times = [ended.createdAt, ended.startedAt!, ended.finishedAt!, ...events.map(({ at }) => at)].map((at) =>
    Date.parse(at),
  );
  expect(Math.min(...times)).toBeGreaterThanOrEqual(begun);
  expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
  const [worker] = await place.registry.list();
  expect(Date.parse(worker!.seenAt)).toBeLessThanOrEqual(Date.now());
});
