import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { OutputLine } from '@glyphmill/model/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LineFile } from './line-file.js';
import { countLines, readOutputLines } from './output-lines.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (prompt: string): OutputLine => ({
  promptIndex: 0,
  sampleIndex: 0,
  prompt,
  text: '',
  tokenCount: 2,
  finishReason: 'length',
  seed: 1,
});

/** Writes lines into a file, in which an attempt that was killed had left something. */
async function written(...lines: OutputLine[]): Promise<string> {
  const path = join(folder, 'lines');
  const killed = await LineFile.create(path);
  await killed.add(line('x'.repeat(1_000_000)));
  await killed.close();
  const file = await LineFile.create(path);
  for (const each of lines) await file.add(each);
  await file.end();
  await file.close();
  return path;
}

test('lines come out as they went in, long ones too, whatever a killed attempt left', async () => {
  const lines = [line('a'), line('b'.repeat(300_000)), line('c')];
  const path = await written(...lines);
  const read: OutputLine[] = [];
  for await (const each of readOutputLines(createReadStream(path))) read.push(each);
  expect(read).toEqual(lines);
});

test('characters at which some readers end a line are escaped, and come back', async () => {
  const prompt = '1\u0085 2\u2028 3\u2029 4\n 5\r\n';
  const path = await written(line(prompt), line(prompt));
  const text = readFileSync(path, 'utf8');
  expect(text.split(/[\n\r\u0085\u2028\u2029]/u)).toHaveLength(3);
  expect(text).toContain(String.raw`1\u0085 2\u2028 3\u2029 4\n 5\r\n`);
  for await (const each of readOutputLines(createReadStream(path))) expect(each.prompt).toBe(prompt);
});

test('a separator that an earlier version wrote as it is ends no line', async () => {
  async function* bytes() {
    yield Buffer.from(`${JSON.stringify(line('1\u2028 2'))}\n`);
  }
  expect(await countLines(readOutputLines(Readable.from(bytes())))).toEqual({ done: 1, failed: 0, tokens: 2 });
});

test('lines are counted by what became of them', async () => {
  const failed = { promptIndex: 0, sampleIndex: 0, prompt: '', error: { code: 'unknown_character', message: 'no' } };
  const path = await written(line('a'), failed, line('b'));
  expect(await countLines(readOutputLines(createReadStream(path)))).toEqual({ done: 2, failed: 1, tokens: 4 });
});
