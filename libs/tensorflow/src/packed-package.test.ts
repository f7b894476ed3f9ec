import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const INSTALLED = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** An otherwise empty project with the packed package next to TensorFlow.js, as a user of npm has it. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'glyphmill-packed-'));
  const modules = path.join(project, 'node_modules');
  const unpacked = path.join(modules, '@glyphmill', 'tensorflow');
  mkdirSync(unpacked, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: PACKAGE });
  const archive = readdirSync(project).find((name) => name.endsWith('.tgz'));
  execFileSync('tar', ['-xzf', path.join(project, archive!), '--strip-components=1', '-C', unpacked]);
  for (const name of ['@tensorflow', 'protobufjs']) symlinkSync(path.join(INSTALLED, name), path.join(modules, name));
});
afterAll(() => rmSync(project, { recursive: true }));

test('the example of the README runs with the packed package in an empty project, and both ways agree', () => {
  const readme = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8');
  const example = /```js\n(?<code>[^]*?)```/u.exec(readme)!.groups!['code']!;
  writeFileSync(path.join(project, 'example.mjs'), example);
  const printed = execFileSync(process.execPath, ['example.mjs'], {
    cwd: project,
    encoding: 'utf8',
    // Without the hook that lets tests run the sources of this project.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const lines = printed.split('\n').filter((line) => /^(?:recorded|eager)/u.test(line));
  const [recorded, eager] = lines.map((line) => line.replace(/^\w+\s+/u, ''));
  expect(recorded).toBe(eager);
  const numbers = [...recorded!.matchAll(/'(-?[\d.]+)'/gu)].map(([, number]) => Number(number));
  expect(numbers.map((number) => Math.round(number))).toEqual([1, 2, 3]);
});

test('the packed package has its code and types, and no tests', () => {
  const files = readdirSync(path.join(project, 'node_modules/@glyphmill/tensorflow'), { recursive: true }).map(String);
  expect(files).toEqual(expect.arrayContaining(['README.md', 'dist/index.js', 'dist/index.d.ts']));
  expect(files.filter((file) => file.includes('.test.') || file.endsWith('.tsbuildinfo'))).toEqual([]);
});
