import { expect, test } from 'vitest';
import { redisAddress, shownAddress } from './redis-address.js';

const address = redisAddress('the test needs one');

test.each([
  ['redis://mill', 'redis://mill'],
  ['redis://default:p%2Fw@mill:6380/2', 'redis://default:p%2Fw@mill:6380/2'],
  ['redis://default:p@w@mill', 'redis://default:p%40w@mill'],
  ['rediss://:pw@[::1]:6380/', 'rediss://:pw@[::1]:6380/'],
  ['REDISS://mill', 'rediss://mill'],
  [' redis://mill:6379?family=6\n', 'redis://mill:6379?family=6'],
])('%j is read as %s, so that every client sees the same in it', (given, normal) => {
  expect(address.parse(given)).toBe(normal);
});

test.each([
  ['redis://user:SECRET@mill:6380/1', 'redis://mill:6380/1'],
  ['rediss://SECRET@[::1]:6380/', 'rediss://[::1]:6380'],
  ['redis://mill?password=SECRET', 'redis://mill'],
  ['redis:/user:SECRET@mill', '(not shown)'],
  ['redis://SECRET/SECRET@mill', '(not shown)'],
  ['SECRET', '(not shown)'],
])('%s is shown as %s', (given, shown) => {
  expect(shownAddress(given)).toBe(shown);
});
