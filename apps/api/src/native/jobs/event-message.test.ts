import { expect, test } from 'vitest';
import { eventMessage } from './event-message.js';

test('an event is one message with its id, its type and its data on one line', () => {
  const event = { type: 'sample', step: 10, text: 'Call me\nIshmael' } as const;
  expect(eventMessage({ id: '17-0', at: '2026-01-01T00:00:00.000Z', event })).toBe(
    'id: 17-0\nevent: sample\n' +
      'data: {"id":"17-0","at":"2026-01-01T00:00:00.000Z","type":"sample","step":10,"text":"Call me\\nIshmael"}\n\n',
  );
});
