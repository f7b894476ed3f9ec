import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HangGuard } from './hang-guard.js';

const LIMIT_MS = 1000;

let guard: HangGuard;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  guard = new HangGuard({ slots: 2, limitMs: LIMIT_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A call that answers when it is told to. */
function hangingCall(): PromiseWithResolvers<string> & { call: () => Promise<string> } {
  const answer = Promise.withResolvers<string>();
  return { ...answer, call: () => answer.promise };
}

const refusal = { code: 'storage_unavailable', reason: 'ETIMEDOUT', mayPass: true };

test('a call’s answer or error comes out as it is', async () => {
  expect(await guard.run(async () => 'there')).toBe('there');
  await expect(guard.run(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
});

test('who waits for a call that does not answer is let go at the limit, and what comes later is discarded', async () => {
  const { call, resolve } = hangingCall();
  const discarded = Promise.withResolvers<string>();
  const waiting = guard.run(call, { discard: discarded.resolve });
  vi.advanceTimersByTime(LIMIT_MS);
  await expect(waiting).rejects.toMatchObject({ ...refusal, message: expect.stringContaining('within 1 seconds') });
  resolve('late');
  expect(await discarded.promise).toBe('late');
});

test('who waits is let go at its signal, with the signal’s reason', async () => {
  const stopping = new AbortController();
  const waiting = guard.run(hangingCall().call, { signal: stopping.signal });
  stopping.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  await expect(guard.run(async () => 'there', { signal: stopping.signal })).rejects.toThrow('cancelled');
});

test('no more calls are made at once than there are slots; the next is made when one has answered', async () => {
  const [first, second] = [hangingCall(), hangingCall()];
  const made: string[] = [];
  const answers = [
    guard.run(first.call),
    guard.run(second.call),
    guard.run(async () => {
      made.push('third');
    }),
  ];
  expect(made).toEqual([]);
  first.resolve('first');
  await answers[2];
  expect(made).toEqual(['third']);
  second.resolve('second');
  await Promise.all(answers);
});

test('once every slot hangs, those who wait and those who come are refused, until one answers again', async () => {
  const hanging = [hangingCall(), hangingCall()];
  const answers = [...hanging.map(({ call }) => guard.run(call)), guard.run(async () => 'waiting')];
  vi.advanceTimersByTime(LIMIT_MS);
  for (const answer of answers) await expect(answer).rejects.toMatchObject(refusal);
  await expect(guard.run(async () => 'coming')).rejects.toMatchObject(refusal);
  hanging[0]!.resolve('late');
  await hanging[0]!.promise;
  expect(await guard.run(async () => 'again')).toBe('again');
});

test('who waits for a slot is let go at its signal', async () => {
  const hanging = [hangingCall(), hangingCall()];
  const answers = hanging.map(({ call }) => guard.run(call));
  const stopping = new AbortController();
  const waiting = guard.run(async () => 'never made', { signal: stopping.signal });
  stopping.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  for (const { resolve } of hanging) resolve('there');
  expect(await Promise.all(answers)).toEqual(['there', 'there']);
  expect(await guard.run(async () => 'next')).toBe('next');
});
