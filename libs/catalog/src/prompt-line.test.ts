import { expect, test } from 'vitest';
import { parsePromptLine } from './prompt-line.js';

test.each([
  ['"Call me "', 'Call me '],
  ['""', ''],
  ['{"prompt":"a\\nb","id":7}\r', 'a\nb'],
  ['\ufeff"after a byte order mark"', 'after a byte order mark'],
])('the line %j is a prompt', (line, prompt) => {
  expect(parsePromptLine(Buffer.from(line), 1)).toEqual({ prompt });
});

test.each([
  ['Call me', 'line_not_json', /^line 7 is not JSON/u],
  ['', 'line_not_json', /^line 7 is not JSON/u],
  ['7', 'line_without_prompt', /^line 7 has no prompt/u],
  ['{"text":"a"}', 'line_without_prompt', /"prompt"/u],
  ['{"prompt":null}', 'line_without_prompt', /"prompt"/u],
])('the line %j is none, and its number and what it must be are told', (line, code, message) => {
  const expected = { error: { code, message: expect.stringMatching(message) } };
  expect(parsePromptLine(Buffer.from(line), 7)).toEqual(expected);
});

test('a line that is too long names the limit', () => {
  const expected = { error: { code: 'line_too_long', message: expect.stringContaining('65536 bytes') } };
  expect(parsePromptLine(undefined, 1)).toEqual(expected);
});
