import { expect, test } from 'vitest';
import { faultKind, planFaults } from './fault-schedule.js';

const MINUTES = 60_000;

test('a seed yields the same faults again, another seed others', () => {
  expect(planFaults(5 * MINUTES, 1)).toEqual(planFaults(5 * MINUTES, 1));
  expect(planFaults(5 * MINUTES, 1)).not.toEqual(planFaults(5 * MINUTES, 2));
});

test('faults of every kind strike within the time of a run, in order', () => {
  const faults = planFaults(20 * MINUTES, 1);
  expect([...new Set(faults.map(({ kind }) => kind))].sort()).toEqual(faultKind.options.toSorted());
  const times = faults.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(20 * MINUTES);
});

test('a worker is frozen for longer than its locks last', () => {
  const frozen = planFaults(20 * MINUTES, 1, 'freeze worker');
  expect(frozen.length).toBeGreaterThan(0);
  expect(Math.min(...frozen.map(({ lastsMs }) => lastsMs))).toBeGreaterThan(15_000);
});
