import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutputLine, samplingConfig } from '@glyphmill/model/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineDiedError } from '../engine/engine-process.js';
import { GenerationEngines } from './generation-engines.js';
import { readOutputLines } from './output-lines.js';

let folder: string;
let engines: GenerationEngines;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-engines-'));
  const environment = { PATH: process.env['PATH'], GRAVE_FILE: join(folder, 'grave') };
  engines = new GenerationEngines(environment, new URL('mortal-engine.fixture.ts', import.meta.url));
});
afterEach(async () => {
  await engines.stop();
  rmSync(folder, { recursive: true });
});

let files = 0;
const ignore = () => undefined;

async function generate(text: string, signal = new AbortController().signal): Promise<string[]> {
  const prompts = [{ promptIndex: 0, text }];
  files += 1;
  const outputFile = join(folder, `lines-${files}.jsonl`);
  const work = { modelFolder: '', prompts, sampling: samplingConfig.parse({}), outputFile, stream: false };
  const { counts } = await engines.generate(work, { onProgress: ignore, onText: ignore }, signal);
  const lines: OutputLine[] = [];
  for await (const line of readOutputLines(createReadStream(outputFile))) lines.push(line);
  expect(counts.done + counts.failed).toBe(lines.length);
  return lines.map((line) => ('text' in line ? line.prompt + line.text : line.error.code));
}

test('an engine that dies with one request is that request’s death, and the next has another engine', async () => {
  expect(await engines.describe()).toEqual({ device: 'cpu', libraries: {} });
  await expect(generate('poison')).rejects.toThrow(EngineDiedError);
  expect(await generate('the whale')).toEqual(['the whale and on']);
});

test('of the requests that an engine died with, only the one it dies of again has failed', async () => {
  const asked = ['the whale', 'poison', 'the ship'].map((prompt) => generate(prompt));
  const answers = await Promise.allSettled(asked);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(answers[1]).toMatchObject({ reason: { code: 'engine_died' } });
  expect(await generate('the sea')).toEqual(['the sea and on']);
});

test('a request that is stopped ends with its signal’s reason', async () => {
  const stopping = new AbortController();
  const asked = generate('the whale', stopping.signal);
  stopping.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  await expect(generate('the whale', AbortSignal.abort(new Error('at once')))).rejects.toThrow('at once');
});
