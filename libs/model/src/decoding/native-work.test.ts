import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { NativeWork } from './native-work.js';

test('work may overlap, and the end comes after it', async () => {
  const cell = new SharedArrayBuffer(4);
  const [inThread, outside] = [new NativeWork(cell), new NativeWork(cell)];
  const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const both = [inThread.during(() => first.promise), inThread.during(() => second.promise)];
  first.resolve(1);
  expect(await both[0]).toBe(1);
  expect(new Int32Array(cell)[0]).toBe(1); // the second continues
  second.resolve(2);
  expect(await both[1]).toBe(2);
  outside.end();
  expect(new Int32Array(cell)[0]).toBe(2);
});

test('work that fails is over', async () => {
  const cell = new SharedArrayBuffer(4);
  const failing = new NativeWork(cell).during(() => Promise.reject(new Error('no memory')));
  await expect(failing).rejects.toThrow('no memory');
  expect(new Int32Array(cell)[0]).toBe(0);
});

test('a process that exits while its threads compute ends with its own code', async () => {
  const script = new URL('exiting-process.fixture.ts', import.meta.url);
  const execArgv = [...process.execArgv, '--experimental-transform-types', '--no-warnings'];
  const child = fork(script, { execArgv });
  expect(await once(child, 'exit')).toEqual([3, null]);
});
