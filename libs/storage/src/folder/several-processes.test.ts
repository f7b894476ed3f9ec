import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { FolderStorage } from './folder-storage.js';

const PROCESSES = 4;
const ROUNDS = 20;
const PROGRAM = fileURLToPath(new URL('./other-process.fixture.ts', import.meta.url));

let root: string;
let children: ChildProcess[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'glyphmill-storage-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(root, { recursive: true });
});

/** A process that is ready for its task. */
async function startProcess(folder: string, task: string): Promise<ChildProcess> {
  const child = fork(PROGRAM, [folder, task], { execArgv: ['--no-warnings'] });
  children.push(child);
  expect(await nextMessage(child)).toBe('ready');
  return child;
}

/** Runs a task in several processes at once, and returns what each of them reports. */
async function race(task: string): Promise<{ pid: string; report: unknown }[]> {
  const racers = await Promise.all(Array.from({ length: PROCESSES }, () => startProcess(root, task)));
  const reports = racers.map(async (child) => ({ pid: String(child.pid), report: await nextMessage(child) }));
  for (const child of racers) child.send('go');
  return Promise.all(reports);
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const exit = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`The process ended with ${String(code)} before it reported.`);
  });
  const [message]: unknown[] = await Promise.race([once(child, 'message'), exit]);
  return message;
}

function winnersOf(reports: { pid: string; report: unknown }[], round: number): string[] {
  return reports.filter(({ report }) => Array.isArray(report) && report[round] === true).map(({ pid }) => pid);
}

test('of several processes that publish one folder, one is first, and what is seen is whole and its own', async () => {
  const storage = await FolderStorage.open(root);
  const seen: string[][] = [];
  const racing = new AbortController();
  const watching = (async () => {
    while (!racing.signal.aborted) {
      for (let round = 0; round < ROUNDS; round += 1) seen.push(await storage.listNames(`race/round-${round}`));
    }
  })();
  const reports = await race('publish');
  racing.abort();
  await watching;

  expect(new Set(seen.map((names) => names.join()))).toEqual(new Set(['', 'a,b,c']));
  for (let round = 0; round < ROUNDS; round += 1) {
    const winners = winnersOf(reports, round);
    expect(winners).toHaveLength(1);
    for (const name of ['a', 'b', 'c']) {
      expect((await storage.readBytes(`race/round-${round}/${name}`)).toString()).toBe(winners[0]);
    }
  }
  expect(await readdir(join(root, '.staging'))).toEqual([]);
});

test('of several processes that put one artifact where there is none, one is told that it did', async () => {
  const reports = await race('putIfAbsent');
  const storage = await FolderStorage.open(root);
  for (let round = 0; round < ROUNDS; round += 1) {
    const kept = (await storage.readBytes(`race/round-${round}`)).toString();
    expect(winnersOf(reports, round)).toEqual([kept]);
  }
  expect(await readdir(join(root, '.staging'))).toEqual([]);
});

test('processes that fill and empty one folder do not get in each other’s way', async () => {
  const reports = await race('putAndDelete');
  expect(reports.map(({ report }) => report)).toEqual(Array.from({ length: PROCESSES }, () => 'done'));
  expect(await readdir(root)).toEqual(['.staging']);
});

test('a process killed in the middle of a put leaves the old bytes, and its name and time on what it left', async () => {
  const storage = await FolderStorage.open(root);
  await storage.put('artifact', 'old');
  const child = await startProcess(root, 'putHalf');
  child.send('go');
  expect(await nextMessage(child)).toBe('half');
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;

  expect((await storage.readBytes('artifact')).toString()).toBe('old');
  expect(await storage.listNames('')).toEqual(['artifact']);
  const left = await readdir(join(root, '.staging'));
  expect(left).toEqual([expect.stringMatching(new RegExp(`^\\d{8}T\\d{9}Z_[^_]+_${child.pid}_[0-9a-f]{16}$`))]);
});

test('a folder that its user may not write to is no store', async () => {
  const folder = join(root, 'of-another');
  await mkdir(folder);
  await chmod(root, 0o755);
  await chmod(folder, 0o555);
  const child = await startProcess(folder, 'putWithoutPermission');
  child.send('go');
  expect(await nextMessage(child)).toBe('EACCES');
});
