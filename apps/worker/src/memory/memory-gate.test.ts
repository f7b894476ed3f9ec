import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryClaims } from './memory-claims.js';
import { MemoryGate, type MemoryRequest } from './memory-gate.js';

const GIB = 1024 ** 3;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'memory-gate-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const nothing = (_pid: number): number => 0;

/** The gate of one worker on a machine of 16 GiB, of which so much is free. */
function gate({ freeGib = 12, patienceMs = 0, residentBytes = nothing } = {}): MemoryGate {
  return new MemoryGate({
    claims: new MemoryClaims(folder),
    memory: () => ({ limitBytes: 16 * GIB, freeBytes: freeGib * GIB }),
    residentBytes,
    lookMs: 1,
    patienceMs,
  });
}

const request = (gib: number, given: Partial<MemoryRequest> = {}): MemoryRequest => ({
  estimateBytes: gib * GIB,
  since: 1,
  signal: new AbortController().signal,
  onWait: () => undefined,
  ...given,
});

const WAITS = 1e9;

test('a job that fits beside what another was promised begins, and one that does not goes back', async () => {
  await gate().enter(request(8));
  expect(await gate().enter(request(4))).toBeDefined();
  expect(await gate().enter(request(1))).toBeUndefined();
});

test('what a process has of its promise already is not counted twice', async () => {
  const first = await gate().enter(request(8));
  await first!.update({ pid: 7 });
  // 5 of the 8 GiB are taken, and gone from what is free.
  const later = gate({ freeGib: 7, residentBytes: (pid: number) => (pid === 7 ? 5 * GIB : 0) });
  expect(await later.enter(request(5))).toBeUndefined();
  expect(await later.enter(request(4))).toBeDefined();
});

test('a job that waits begins when another ends, and says once why it waited', async () => {
  const first = await gate().enter(request(8));
  const said: string[] = [];
  const entered = gate({ patienceMs: WAITS }).enter(request(8, { onWait: (why) => said.push(why) }));
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await first!.release();
  expect(await entered).toBeDefined();
  expect(said).toEqual([
    "waiting for memory: the training run takes about 8192 MiB, and 12288 MiB of this machine's 16384 MiB are free, of " +
      'which jobs that run will take some',
  ]);
});

test('a small job does not pass a large one that waits for longer', async () => {
  const running = await gate().enter(request(6));
  const large = gate({ patienceMs: WAITS }).enter(request(10, { since: 2 }));
  while ((await new MemoryClaims(folder).others()).length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(await gate().enter(request(2, { since: 3 }))).toBeUndefined();
  const older = await gate().enter(request(2, { since: 1 }));
  expect(older).toBeDefined();
  await Promise.all([running!.release(), older!.release()]);
  expect(await large).toBeDefined();
});

test('a job that is larger than the machine fails at once', async () => {
  await expect(gate().enter(request(17))).rejects.toMatchObject({
    error: { code: 'out_of_memory', retryable: false, message: expect.stringContaining('17408 MiB') },
  });
  expect(await readdir(folder)).toEqual([]);
});

test('a job that nothing of ours is in the way of fails, and may be tried again', async () => {
  await expect(gate({ freeGib: 3 }).enter(request(4))).rejects.toMatchObject({
    error: { code: 'memory_in_use', retryable: true, message: expect.stringMatching(/4096 MiB.*3072 MiB.*16384 MiB/u) },
  });
  expect(await readdir(folder)).toEqual([]);
});

test('beside generation, whose memory nobody knows before, a job goes back rather than fail', async () => {
  const generating = gate();
  await generating.occupied(true);
  await generating.occupied(true);
  expect(await gate({ freeGib: 3 }).enter(request(4))).toBeUndefined();
  await generating.occupied(false);
  await expect(gate({ freeGib: 3 }).enter(request(4))).rejects.toThrow('no other job');
});

test('a job that is stopped while it waits leaves no claim', async () => {
  const running = await gate().enter(request(8));
  const stopping = new AbortController();
  const onWait = () => stopping.abort(new Error('stopped'));
  await expect(gate({ patienceMs: WAITS }).enter(request(8, { signal: stopping.signal, onWait }))).rejects.toThrow(
    'stopped',
  );
  await running!.release();
  expect(await readdir(folder)).toEqual([]);
});

test('the claim of a worker that is gone or hangs counts no more, and a file that is no claim is none', async () => {
  const dead = path.join(folder, 'dead.json');
  const claim = { worker: process.pid, bytes: 16 * GIB, pid: null, state: 'granted', since: 0 };
  await writeFile(dead, JSON.stringify(claim));
  await writeFile(path.join(folder, 'gone.json'), JSON.stringify({ ...claim, worker: 2 ** 30 }));
  await writeFile(path.join(folder, 'strange.json'), '{"bytes":');
  expect(await gate().enter(request(4))).toBeUndefined();
  await utimes(dead, new Date(0), new Date(0));
  expect(await gate().enter(request(4))).toBeDefined();
});

test('where the folder cannot be written the memory that is free now decides', async () => {
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  const claims = new MemoryClaims(path.join(file, 'below'));
  const alone = new MemoryGate({ claims, memory: () => ({ limitBytes: 16 * GIB, freeBytes: 4 * GIB }) });
  expect(await alone.enter(request(4))).toBeDefined();
});
