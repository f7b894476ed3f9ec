import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GlyphmillClient } from '@glyphmill/client';
import type { Job } from '@glyphmill/contract';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { childrenOf, StackProcess } from './stack-process.fixture.js';

/** A lock is redelivered after 20 to 25 seconds, so a job whose worker was killed takes at least that. */
const PATIENCE = { timeout: 120_000, interval: 100 };

let folder = '';
let stack: StackProcess;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-stack-'));
});
afterEach(async () => {
  await stack.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the stack, and returns its api. */
async function start(settings: NodeJS.ProcessEnv = {}): Promise<GlyphmillClient> {
  stack = new StackProcess('main', { DATA_DIR: folder, PORT: '0', THREADS: '1', LOG_LEVEL: 'warn', ...settings });
  const [, url = ''] = await stack.says(/Ready: (\S+)\/docs/u);
  return new GlyphmillClient({ url });
}

async function train(api: GlyphmillClient, maxSteps: number): Promise<Job> {
  return await api.jobs.train({
    dataset: 'moby-dick',
    model: { kind: 'bigram' },
    training: { maxSteps, batchSize: 16, evalInterval: 500, sampleInterval: 0, checkpointIntervalSeconds: 0.5 },
  });
}

/** The job once it is in a state; an API that is away is asked again. */
async function reached(api: GlyphmillClient, { id }: Job, state: string): Promise<void> {
  await vi.waitUntil(async () => (await api.jobs.get(id).catch(() => undefined))?.state === state, PATIENCE);
}

test.each([
  ['api', /api\/dist\/main/u],
  ['worker 1', /worker\/dist\/main/u],
  ['Valkey', /valkey-server/u],
])('after the %s is killed it is started again, and jobs from before and after are done', async (name, program) => {
  const api = await start();
  const before = await train(api, 20_000);
  await reached(api, before, 'running');
  const killed = await stack.childPid(program);
  process.kill(killed, 'SIGKILL');
  await stack.says(new RegExp(`^${name} ended.*; it starts again in 0.5 s$`, 'mu'));
  await stack.says(new RegExp(`^${name} is back after`, 'mu'));
  expect(await stack.childPid(program)).not.toBe(killed);

  // An API that lost its connection to a Valkey needs a moment.
  const after = await vi.waitUntil(() => train(api, 100).catch(() => undefined), PATIENCE);
  await reached(api, after, 'succeeded');
  await reached(api, before, 'succeeded');
  stack.signal('SIGTERM');
  expect(await stack.exitCode).toBe(0);
});

test('a second SIGTERM ends everything at once, also an engine that hangs', async () => {
  const api = await start({ SHUTDOWN_GRACE_SECONDS: '3600' });
  const job = await train(api, 10_000_000);
  await reached(api, job, 'running');
  const engines = await childrenOf(await stack.childPid(/worker\/dist\/main/u));
  expect(engines.length).toBeGreaterThan(0);
  for (const { pid } of engines) process.kill(pid, 'SIGSTOP');
  stack.signal('SIGTERM');
  await stack.says(/Stopping/u);
  // One that comes together with the first is taken for the same.
  const again = setInterval(() => stack.signal('SIGTERM'), 100);
  expect(await stack.exitCode).toBe(130);
  clearInterval(again);
  await vi.waitUntil(() => !stack.isGroupThere, PATIENCE);
});

test('a worker that hangs is killed a little after its grace time', async () => {
  await start({ SHUTDOWN_GRACE_SECONDS: '0' });
  process.kill(await stack.childPid(/worker\/dist\/main/u), 'SIGSTOP');
  stack.signal('SIGTERM');
  expect(await stack.exitCode).toBe(0);
  await vi.waitUntil(() => !stack.isGroupThere, PATIENCE);
});
