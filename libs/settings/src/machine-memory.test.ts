import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineMemory } from './machine-memory.js';

const GIB = 1024 ** 3;
const host = { totalBytes: 24 * GIB };

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'machine-memory-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [file, content] of Object.entries({
    'proc/meminfo': `MemAvailable:   ${(20 * GIB) / 1024} kB\n`,
    ...files,
  })) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
  }
}

test('without a limit it is what the host has, and what Linux says is available', () => {
  write({ 'proc/self/cgroup': '0::/user.slice\n', 'sys/fs/cgroup/user.slice/memory.max': 'max\n' });
  expect(machineMemory({ root, ...host })).toEqual({ limitBytes: 24 * GIB, freeBytes: 20 * GIB });
});

test('a limit of version 2 counts, less what the group uses; its cache of files is free', () => {
  write({
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/memory.max': `${5 * GIB}\n`,
    'sys/fs/cgroup/memory.current': `${4 * GIB}\n`,
    'sys/fs/cgroup/memory.stat': `anon ${3 * GIB}\ninactive_file ${GIB}\n`,
  });
  expect(machineMemory({ root, ...host })).toEqual({ limitBytes: 5 * GIB, freeBytes: 2 * GIB });
});

test('the smallest limit of the groups around it counts, and the smallest rest', () => {
  write({
    'proc/self/cgroup': '0::/system.slice/mill.service/worker\n',
    'sys/fs/cgroup/system.slice/memory.max': `${8 * GIB}\n`,
    'sys/fs/cgroup/system.slice/memory.current': `${7 * GIB}\n`,
    'sys/fs/cgroup/system.slice/mill.service/memory.max': `${5 * GIB}\n`,
    'sys/fs/cgroup/system.slice/mill.service/memory.current': `${2 * GIB}\n`,
    'sys/fs/cgroup/system.slice/mill.service/worker/memory.max': 'max\n',
  });
  expect(machineMemory({ root, ...host })).toEqual({ limitBytes: 5 * GIB, freeBytes: GIB });
});

test('a limit of version 1 counts, even if other controllers are of version 2', () => {
  write({
    'proc/self/cgroup': '9:cpu,cpuacct:/\n4:memory:/docker/abc\n0::/\n',
    'sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': `${5 * GIB}\n`,
    'sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes': `${3 * GIB}\n`,
    'sys/fs/cgroup/memory/docker/abc/memory.stat': `inactive_file 7\ntotal_inactive_file ${GIB}\n`,
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  });
  expect(machineMemory({ root, ...host })).toEqual({ limitBytes: 5 * GIB, freeBytes: 3 * GIB });
});

test('a container that sees its own group as the root has its limit', () => {
  write({
    'proc/self/cgroup': '4:memory:/docker/abc\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${5 * GIB}\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${GIB}\n`,
  });
  expect(machineMemory({ root, ...host })).toEqual({ limitBytes: 5 * GIB, freeBytes: 4 * GIB });
});

test('a group whose limit is larger than the host has the host', () => {
  write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.max': `${64 * GIB}\n` });
  expect(machineMemory({ root, ...host }).limitBytes).toBe(24 * GIB);
});

test('a system that reports nothing of groups has what Node.js says', () => {
  expect(machineMemory({ root, ...host, freeBytes: 3 * GIB })).toEqual({ limitBytes: 24 * GIB, freeBytes: 3 * GIB });
});

test('this machine has memory, and no more free than it has', () => {
  const { limitBytes, freeBytes } = machineMemory();
  expect(limitBytes).toBeLessThanOrEqual(totalmem());
  expect(freeBytes).toBeGreaterThan(0);
  expect(freeBytes).toBeLessThanOrEqual(limitBytes);
});
