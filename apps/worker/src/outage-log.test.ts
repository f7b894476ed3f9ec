import { expect, test } from 'vitest';
import { OutageLog } from './outage-log.js';

test('an outage is reported at once, then every ten seconds with how often it came, and another one at once', () => {
  let nowMs = 0;
  const lines: object[] = [];
  const outages = new OutageLog(
    { warn: (about: object, what: string) => void lines.push({ ...about, what }) },
    () => nowMs,
  );
  const refused = new Error('WRONGPASS invalid username-password pair or user is disabled.');
  for (nowMs = 0; nowMs < 20_000; nowMs += 100) outages.report(refused, nowMs % 200 === 0 ? 'redis' : 'queue');
  outages.report(new Error('read ECONNRESET'), 'redis');
  const remedy = expect.stringContaining('Set the right one');
  expect(lines).toEqual([
    { error: refused.message, remedy, what: 'redis' },
    { error: refused.message, remedy, again: 99, what: 'redis' },
    { error: 'read ECONNRESET', what: 'redis' },
  ]);
});
