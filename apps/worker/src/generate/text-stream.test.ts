import type { JobEvent, TextEvent } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { TextStream } from './text-stream.js';
import type { ToldText } from './told-text.js';

const place = { promptIndex: 2, sampleIndex: 0 };
const seed = 1;

/** A stream, what was posted, and a way to have all arrive that was posted so far. */
function openStream(told = new Map<string, ToldText>()) {
  const posted: JobEvent[] = [];
  let arrive: () => void = () => undefined;
  const lease = {
    post: (event: JobEvent) => void posted.push(event),
    flush: () => new Promise<void>((resolve) => (arrive = resolve)),
  };
  return { stream: new TextStream(lease, told), posted, arrive: () => arrive() };
}

function grow(stream: TextStream, start: number, text: string, tokenCount: number): void {
  stream.grow({ ...place, start, text, tokenCount });
}

function event(text: string, tokenCount: number, end: Partial<TextEvent> = {}): TextEvent {
  return { type: 'text', ...place, text, tokenCount, ...end };
}

test('the first piece is reported at once, and what comes while it travels is reported together', () => {
  const { stream, posted } = openStream();
  grow(stream, 0, 'Call', 4);
  grow(stream, 4, ' me', 7);
  grow(stream, 7, ' Ish', 11);
  expect(posted).toEqual([event('Call', 4)]);
  stream.end({ ...place, prompt: '', text: 'Call me Ish', tokenCount: 11, finishReason: 'length', seed });
  expect(posted).toEqual([event('Call', 4), event(' me Ish', 11, { finishReason: 'length' })]);
});

test('what has gathered is reported when the piece before it has arrived', async () => {
  const { stream, posted, arrive } = openStream();
  grow(stream, 0, 'a', 1);
  grow(stream, 1, 'b', 2);
  const told = new Promise<void>((resolve) => {
    const look = () => (posted.length > 1 ? resolve() : setImmediate(look));
    look();
  });
  arrive();
  await told;
  expect(posted).toEqual([event('a', 1), event('b', 2)]);
});

test('what the events of the job tell already is not told again, also in the middle of a piece', () => {
  const { stream, posted } = openStream(new Map([['2.0', { length: 5, isEnded: false }]]));
  grow(stream, 0, 'Call', 4);
  expect(posted).toEqual([]);
  grow(stream, 4, ' me', 7);
  expect(posted).toEqual([event('me', 7)]);
});

test('a text that an engine makes again is told on from where the first had come', () => {
  const { stream, posted } = openStream();
  grow(stream, 0, 'Call me', 7);
  grow(stream, 0, 'Call', 4);
  stream.end({ ...place, prompt: '', text: 'Call me.', tokenCount: 8, finishReason: 'stop', seed });
  expect(posted).toEqual([event('Call me', 7), event('.', 8, { finishReason: 'stop' })]);
});

test('lines that are written already are reported as far as they were not, and no ended one', () => {
  const told = new Map([
    ['2.0', { length: 2, isEnded: false }],
    ['3.0', { length: 3, isEnded: true }],
  ]);
  const { stream, posted } = openStream(told);
  const line = { sampleIndex: 0, prompt: '', text: 'abc', tokenCount: 3, finishReason: 'length' as const, seed };
  stream.end({ ...line, promptIndex: 2 });
  stream.end({ ...line, promptIndex: 3 });
  expect(posted).toEqual([event('c', 3, { finishReason: 'length' })]);
});

test('a sequence that cannot be made has one event, which says why', () => {
  const { stream, posted } = openStream();
  const error = { code: 'unknown_character', message: 'no ☃ here' };
  stream.end({ ...place, prompt: '☃', error });
  stream.end({ ...place, prompt: '☃', error });
  expect(posted).toEqual([event('', 0, { error })]);
});
