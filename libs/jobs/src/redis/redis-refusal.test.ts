import { expect, test } from 'vitest';
import { isRedisUnavailable, redisRefusal } from './redis-refusal.js';

test.each([
  ['OOM command not allowed when used memory > maxmemory.', /out of memory\. Raise its maxmemory/u],
  ['OOM command not allowed when used memory > maxmemory. script: 5a, on @user_script:3.', /out of memory/u],
  ["READONLY You can't write against a read only replica.", /replica/u],
  ['MISCONF Valkey is configured to save RDB snapshots', /cannot save to its disk/u],
  ['LOADING Valkey is loading the dataset in memory', /loading/u],
  ['CLUSTERDOWN The cluster is down', /cluster is down/u],
  ['BUSY Valkey is busy running a script.', /busy/u],
  ['NOAUTH Authentication required.', /asks for a password/u],
  ['WRONGPASS invalid username-password pair or user is disabled.', /refuses the password/u],
  ["NOPERM User guest has no permissions to run the 'evalsha' command", /may not do what is needed/u],
  ['Command timed out', /cannot be reached/u],
])('%s: the server cannot serve now, and the message says what to do', (message, remedy) => {
  expect(redisRefusal(new Error(message))?.message).toMatch(remedy);
});

test('what a script or a type refuses is no outage', () => {
  for (const message of ['WRONGTYPE Operation against a key holding the wrong kind of value', 'ERR unknown command']) {
    expect(isRedisUnavailable(new Error(message))).toBe(false);
  }
});

test('the reason is found in what led to an error, even in errors that lead to each other', () => {
  const aborted = Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
    previousErrors: [] as Error[],
  });
  const first = Object.assign(new Error('nothing to see'), { previousErrors: [aborted] });
  aborted.previousErrors.push(first, aborted);
  expect(redisRefusal(aborted)).toBeUndefined();
  aborted.previousErrors.push(new Error('NOAUTH Authentication required.'));
  expect(redisRefusal(first)?.code).toBe('NOAUTH');
});
