import { beforeEach, expect, test } from 'vitest';
import { HangWatch, processorTimeOf } from './hang-watch.js';

let time: number | undefined;
let hangs: number;
let watch: HangWatch;
beforeEach(() => {
  time = 100;
  hangs = 0;
  watch = new HangWatch({ processorTime: () => time, onHang: () => (hangs += 1), looks: 3, lookMs: 2 ** 30 });
});

function look(times: number): number {
  for (let left = times; left > 0; left -= 1) watch.look();
  return hangs;
}

test('a process hangs that owes an answer and used no processor time in so many looks, and is reported once', () => {
  const answered = watch.expect();
  expect(look(2)).toBe(0);
  expect(look(1)).toBe(1);
  expect(look(9)).toBe(1);
  answered();
});

test('one that computes, however little, does not hang', () => {
  const answered = watch.expect();
  for (let round = 0; round < 10; round += 1) {
    look(2);
    time = time! + 1;
    look(1);
  }
  expect(hangs).toBe(0);
  answered();
});

test('one that said something has as long again', () => {
  const answered = watch.expect();
  look(2);
  watch.alive();
  expect(look(2)).toBe(0);
  expect(look(1)).toBe(1);
  answered();
});

test('one whose processor time is not known never hangs', () => {
  time = undefined;
  const answered = watch.expect();
  expect(look(20)).toBe(0);
  answered();
});

test.runIf(process.platform === 'linux')('processor time is that of a process, and of none that does not exist', () => {
  const before = processorTimeOf(process.pid)!;
  while (processorTimeOf(process.pid) === before);
  expect(processorTimeOf(process.pid)).toBeGreaterThan(before);
  expect(processorTimeOf(2 ** 30)).toBeUndefined();
});
