import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDataFolder } from './folder.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-stack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test('a new data folder is its owner’s alone', () => {
  makeDataFolder(join(folder, 'a', 'data'));
  expect(modeOf(join(folder, 'a', 'data'))).toBe('700');
});

test('an older data folder, open to others, is closed', () => {
  mkdirSync(join(folder, 'storage'));
  chmodSync(folder, 0o755);
  makeDataFolder(folder);
  expect(modeOf(folder)).toBe('700');
});

test('a folder that holds something else is not closed', () => {
  writeFileSync(join(folder, 'letter.txt'), '');
  chmodSync(folder, 0o755);
  makeDataFolder(folder);
  expect(modeOf(folder)).toBe('755');
});
