import { mkdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { useWorkplaces } from './workplace.fixture.js';

const open = useWorkplaces();

test('a train job waits until other workers of the machine leave it the memory that it takes, and spends no attempt', async () => {
  const place = await open();
  const claims = path.join(place.dataFolder, `glyphmill-memory-${userInfo().uid}`);
  await mkdir(claims, { recursive: true });
  const claim = { worker: process.pid, bytes: 2 ** 50, pid: null, state: 'granted', since: 0 };
  await writeFile(path.join(claims, 'other.json'), JSON.stringify(claim));
  await place.worker({ TMPDIR: place.dataFolder });
  const job = await place.train({ dataset: await place.dataset('fox') });
  const said: string[] = [];
  for await (const event of place.events(job)) {
    if (event.type === 'log') said.push(event.message);
    if (said.length === 1) await rm(path.join(claims, 'other.json'), { force: true });
  }
  expect(said[0]).toMatch(
    /^waiting for memory: the training run takes about \d+ MiB, and \d+ MiB of this machine's \d+ MiB/u,
  );
  expect(await place.ended(job)).toMatchObject({ state: 'succeeded', attempts: 0 });
});

test('a train job that is larger than the machine fails at its first attempt, and says what takes less', async () => {
  const place = await open();
  await place.worker();
  const dataset = await place.dataset('fox');
  const model = { kind: 'gpt', nLayer: 96, nHead: 1, nEmbd: 8192, blockSize: 8 } as const;
  const job = await place.train({ dataset, model });
  expect(await place.ended(job)).toMatchObject({
    state: 'failed',
    attempts: 1,
    error: {
      code: 'out_of_memory',
      retryable: false,
      message: expect.stringMatching(/MiB in all\. Make training\.batchSize/u),
    },
  });
});
