import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { engineEnvironment } from '../engine-environment.js';
import { CORNERS } from './corners.js';
import { memoryReport } from './training-run.js';

/** Those of the benchmark that take less than 1.5 GiB, and a few seconds. */
const SMALL = new Set([
  'least of all',
  'bigram, large batch',
  'averaging, largest block',
  'multi-head, block of 512, dropout',
  'gpt, vocabulary of 8,000',
]);

test.each(CORNERS.filter(({ title }) => SMALL.has(title)))(
  'a training run takes no more memory than is estimated: $title',
  async ({ order }) => {
    const script = fileURLToPath(new URL('measure-training-memory.ts', import.meta.url));
    const args = ['--experimental-transform-types', '--no-warnings', script, JSON.stringify(order)];
    const env = { ...process.env, ...engineEnvironment(1, 'off') };
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, ...args], { env });
    const { peakBytes, estimateBytes } = memoryReport.parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
    expect(peakBytes).toBeLessThanOrEqual(estimateBytes);
    expect(estimateBytes).toBeLessThan(2.5 * peakBytes);
  },
);
