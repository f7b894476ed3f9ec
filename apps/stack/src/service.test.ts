import { expect, test } from 'vitest';
import { reasonIn } from './service.js';

const info = '{"level":30,"time":"2026-11-23T00:00:00.000Z","msg":"worker stopping"}';
const fatal = '{"level":60,"code":"invalid_setting","msg":"DEVICE is \\"tpu\\""}';

test('a service ended for what it logged as fatal', () => {
  expect(reasonIn(`${info}\n${fatal}\n`)).toBe('DEVICE is "tpu"');
});

test('a service ended for what it said outside its log', () => {
  expect(reasonIn(`{"level":"error","message":"listen"}\nThe API could not start.\nPORT is taken.\n`)).toBe(
    'The API could not start.\nPORT is taken.',
  );
});

test('if there is neither, its last line is all that is known', () => {
  expect(reasonIn(`${fatal.replace('60', '50')}\n${info}\n`)).toBe(info);
});
