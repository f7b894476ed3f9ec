import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { trainRequest } from '@glyphmill/contract';
import { connectRedis } from '@glyphmill/jobs';
import { WorkedBoard } from '@glyphmill/jobs/testing';
import { readCheckpoint } from '@glyphmill/model/training';
import { startValkey } from '@glyphmill/runtimes';
import { openStorage } from '@glyphmill/storage';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'glyphmill-killed-keeper-'));
const folder = join(directory, 'storage');
let server: Awaited<ReturnType<typeof startValkey>>;
let redis: ReturnType<typeof connectRedis>;
let store: WorkedBoard;
beforeAll(async () => {
  server = await startValkey({ directory: join(directory, 'valkey'), persistence: 'none' });
  redis = connectRedis(server.url, 'worker', () => undefined);
  store = new WorkedBoard({ redis });
});
afterAll(async () => {
  await store.close();
  redis.disconnect();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const JOBS = 10;
const KILLS = 5;
/** About as long as some checkpoints of each job take. */
const LONGEST_LIFE_MS = 300;

test('a worker that is killed in the middle of 10 checkpoints, 5 times at random moments, leaves none that cannot be read', async () => {
  const storage = await openStorage(pathToFileURL(folder));
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' }, maxAttempts: 100 });
  const jobs = await store.create(Array.from({ length: JOBS }, () => ({ kind: 'train' as const, request })));
  const newest = new Map(jobs.map(({ id }) => [id, 0]));
  for (let kill = 0; kill < KILLS; kill += 1) {
    await runAndKill(
      `${kill}-is-the-token`,
      jobs.map(({ id }) => id),
    );
    for (const { id } of jobs) {
      const pointers = await store.checkpoints(id);
      for (const { key, step } of pointers) {
        const { learner, ...about } = await readCheckpoint((await storage.localFolder(key)).path);
        expect(about.step).toBe(step);
        expect(learner.weights.get('table')?.values.every((value) => value === step)).toBe(true);
      }
      // What no record points to yet is whole as well.
      for (const name of await storage.listNames(`checkpoints/${id}`)) {
        await readCheckpoint((await storage.localFolder(`checkpoints/${id}/${name}`)).path);
      }
      const step = pointers[0]?.step ?? 0;
      expect(step).toBeGreaterThanOrEqual(newest.get(id)!);
      newest.set(id, step);
    }
  }
  // Each life kept at least one, on top of what the lives before it had kept.
  expect([...newest.values()].reduce((sum, step) => sum + step, 0)).toBeGreaterThanOrEqual(KILLS);
});

/** Has a worker of its own keep checkpoints of some jobs, and kills it at a random moment after it has kept one. */
async function runAndKill(token: string, ids: string[]): Promise<void> {
  const worker = fork(new URL('dying-keeper.fixture.ts', import.meta.url), [server.url, folder, token, ...ids], {
    execArgv: [...process.execArgv, '--experimental-transform-types', '--no-warnings'],
  });
  const exited = once(worker, 'exit');
  await Promise.race([once(worker, 'message'), exited]);
  await wait(Math.random() * LONGEST_LIFE_MS);
  worker.kill('SIGKILL');
  await exited;
}
