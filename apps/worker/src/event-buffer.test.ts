import type { JobEvent } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { EventBuffer } from './event-buffer.js';

const log = (message: string): JobEvent => ({ type: 'log', level: 'info', message });
const metric = (step: number): JobEvent => ({ type: 'metric', step });
const sample = (step: number): JobEvent => ({ type: 'sample', step, text: '' });

function filled(limit: number, events: JobEvent[]): JobEvent[] {
  const buffer = new EventBuffer({ events: limit });
  for (const event of events) buffer.add(event);
  return buffer.take();
}

function told(dropped: number): JobEvent {
  return { type: 'log', level: 'warn', message: expect.stringContaining(`${dropped} of the oldest`) as string };
}

test('what fits comes out as it went in, once', () => {
  const buffer = new EventBuffer({ events: 3 });
  expect(buffer.isEmpty).toBe(true);
  for (const event of [metric(1), log('a'), sample(2)]) buffer.add(event);
  expect(buffer.isEmpty).toBe(false);
  expect(buffer.take()).toEqual([metric(1), log('a'), sample(2)]);
  expect(buffer.take()).toEqual([]);
});

test('of too many, the oldest metrics and samples go first, and that is reported in their place', () => {
  const events = [log('a'), metric(1), sample(1), log('b'), metric(2)];
  expect(filled(3, events)).toEqual([told(2), log('a'), log('b'), metric(2)]);
});

test('if nothing else can go, the oldest goes', () => {
  expect(filled(2, [log('a'), log('b'), log('c')])).toEqual([told(1), log('b'), log('c')]);
});

test('what waits has no more text than it may, however few events it is', () => {
  const buffer = new EventBuffer({ characters: 10 });
  const long = (step: number): JobEvent => ({ type: 'sample', step, text: 'abcd' });
  for (const event of [long(1), log('xyz'), long(2), long(3)]) buffer.add(event);
  expect(buffer.take()).toEqual([told(2), log('xyz'), long(3)]);
  for (const event of [long(4), log('xyz')]) buffer.add(event);
  expect(buffer.take()).toEqual([long(4), log('xyz')]);
});
