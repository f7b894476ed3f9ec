import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { tensorflowPackage } from './native-package.ts';
import { ensureBinding } from './tfjs-binding.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(path.join(os.tmpdir(), 'glyphmill-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const ensure = () => ensureBinding(cache, tensorflowPackage('linux-x64', 'cpu'), cache, 'linux-x64', () => undefined);
const entries = () => readdirSync(cache).filter((name) => !name.endsWith('.lock'));

describe('ensureBinding', () => {
  it('ensureBinding names the compiler that is missing and how to install one', async () => {
    vi.stubEnv('CXX', 'no-such-compiler -O2');
    await expect(ensure()).rejects.toMatchObject({
      code: 'compiler-missing',
      message: expect.stringMatching(/no-such-compiler cannot be run\. (Install them|Run `xcode-select)/u) as string,
    });
    expect(entries()).toEqual([]);
  });

  it('ensureBinding says what the compiler said where it fails, and keeps nothing', async () => {
    // The folder given for TensorFlow holds no headers.
    await expect(ensure()).rejects.toMatchObject({
      code: 'compile-failed',
      message: expect.stringMatching(/c_api\.h/u) as string,
    });
    expect(entries()).toEqual([]);
  });
});
