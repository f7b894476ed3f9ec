import { expect, test } from 'vitest';
import { trainDraft } from '../proof/job-drafts.fixture.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { connectRedis } from './redis-connection.js';
import { startContainer, whyNoDocker } from './valkey-container.fixture.js';

test('jobs outlive a Valkey in a container that is killed and comes back, and continue where they were', async ({
  skip,
}) => {
  const why = await whyNoDocker();
  if (why !== undefined) skip(why);
  const { url, container } = await startContainer();
  const redis = connectRedis(url, 'worker', () => undefined);
  const store = new WorkedBoard({ redis });
  const [running, queued] = await store.create([trainDraft(), trainDraft()]);
  await store.claim(running!.id, { delivery: 1, token: 'token', worker: 'worker_1' });

  // Ends it at once, as a crash does.
  await container.restart({ timeout: 0 });
  expect(await store.report(running!.id, 'token', 1, {})).toMatchObject({ held: true });
  const result = { model: 'model_1', trainLoss: 2.4, validationLoss: 2.5 };
  expect(await store.settle(running!.id, 'token', { state: 'succeeded', result })).toBe('succeeded');
  expect(await store.get(running!.id)).toMatchObject({ state: 'succeeded', attempts: 0 });
  expect(await store.get(queued!.id)).toMatchObject({ state: 'queued', queuePosition: 1 });
  expect(await store.claim(queued!.id, { delivery: 1, token: 'next', worker: 'worker_2' })).toMatchObject({
    attempts: 0,
  });
  await store.close();
  redis.disconnect();
  await container.stop();
});
