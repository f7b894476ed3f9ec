import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StackProcess } from './stack-process.fixture.js';

let folder = '';
let stack: StackProcess;
let url = '';
let model = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-examples-'));
  stack = new StackProcess('main', { DATA_DIR: join(folder, 'data'), PORT: '0', THREADS: '1', LOG_LEVEL: 'warn' });
  url = (await stack.says(/Ready: (http:\S+)\/docs/u))[1] ?? '';
});
afterAll(async () => {
  await stack.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program of examples/ and returns the lines that it printed. */
async function example(name: string, ...args: string[]): Promise<string[]> {
  const program = fileURLToPath(new URL(`../../../examples/src/${name}.ts`, import.meta.url));
  const env = { ...process.env, GLYPHMILL_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env });
  return stdout.replace(/\n$/u, '').split('\n');
}

test('the example train-and-generate trains on a text, follows the loss and generates', async () => {
  const text = join(folder, 'fox.txt');
  writeFileSync(text, 'The quick brown fox jumps over the lazy dog. '.repeat(100));
  const lines = await example('train-and-generate', text);
  expect(lines[0]).toMatch(/^dataset_\S+: 4500 characters, 29 distinct$/u);
  expect(lines.filter((line) => line.startsWith('step ')).length).toBeGreaterThanOrEqual(6);
  model = /published (?<model>model_\S+)/u.exec(lines.join('\n'))?.groups?.['model'] ?? '';
  expect(lines.at(-1)).toMatch(/^T.{100}$/u);
});

test('the example stream-a-text prints a text as it comes', async () => {
  const [line = ''] = await example('stream-a-text', model, 'The ');
  expect(line).toMatch(/^The /u);
  expect(line).toHaveLength(304);
});

test('the example many-prompts prints two lines for each prompt, and an error for one that the model cannot read', async () => {
  const prompts = join(folder, 'prompts.jsonl');
  writeFileSync(prompts, '{"prompt":"The "}\n"T☃"\n');
  const lines = await example('many-prompts', model, prompts);
  expect(lines.map((line) => line.slice(0, 3))).toEqual(['0.0', '0.1', '1.0', '1.1']);
  expect(lines[0]).toMatch(/^0\.0 "The .{50}"$/u);
  expect(lines[2]).toContain('☃');
});
