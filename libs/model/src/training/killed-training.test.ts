import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCheckpoint } from '../checkpoints/checkpoint-folder.js';
import type { killedTraining } from './killed-training.fixture.js';

type Training = Omit<z.input<typeof killedTraining>, 'folder'>;

const STEPS = 14;
/** No schedule, which would depend on how many steps there are to be. */
const schedule = 'constant' as const;
/** Compiled: processes of their own do not run TypeScript. */
const script = fileURLToPath(new URL('../../dist/training/killed-training.fixture.js', import.meta.url));

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'glyphmill-killed-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Runs a training run in a process of its own to its end; returns the signal that ended it, or null. */
async function run(folder: string, training: Training, xla: boolean): Promise<NodeJS.Signals | null> {
  const env = {
    ...process.env,
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_NUM_INTRAOP_THREADS: '2',
    ...(xla ? { TF_XLA_FLAGS: '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit' } : {}),
  };
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, [script, JSON.stringify({ ...training, folder })], { env }, (error, _, stderr) => {
      if (error === null || error.signal) resolve(error?.signal ?? null);
      else reject(new Error(stderr, { cause: error }));
    });
  });
}

/** What a training run ended with. */
async function ended(folder: string) {
  const { learner, sampler, tokensSeen, step } = await readCheckpoint(path.join(folder, 'end'));
  return { learner, sampler, tokensSeen, step, model: await readFile(path.join(folder, 'model.safetensors')) };
}

const newFolder = () => mkdtemp(path.join(root, 'run-'));
const visible = async (folder: string) => (await readdir(folder)).filter((name) => name.startsWith('step-')).sort();

test.each([{ xla: false }, { xla: true }])(
  'a gpt with dropout that was killed ends with the same weights, moments and cursor (XLA: $xla)',
  async ({ xla }) => {
    const whole = await newFolder();
    const intervals = { maxSteps: STEPS, schedule, evalInterval: 6, sampleInterval: 0 };
    expect(await run(whole, { training: intervals, checkpointsAt: [] }, xla)).toBeNull();
    const expected = await ended(whole);
    expect(expected.step).toBe(STEPS);

    // It would train for hours, so that it dies before it ends however slowly it writes.
    const others = { maxSteps: 1_000_000, schedule, evalInterval: 3, sampleInterval: 5 };
    for (const [death, left] of [
      [{ checkpointsAt: [4], dieAfter: 3 }, []],
      [{ checkpointsAt: [4, 8], dieWriting: 8 }, ['step-0004']],
      [{ checkpointsAt: [4, 8], dieAfter: 12 }, ['step-0004', 'step-0008']],
    ] as const) {
      const folder = await newFolder();
      const training = { training: others, ...death, checkpointsAt: [...death.checkpointsAt] };
      expect(await run(folder, training, xla)).toBe('SIGKILL');
      expect(await visible(folder)).toEqual(left);
      const resumed = { maxSteps: STEPS, schedule, evalInterval: 4, sampleInterval: 2 };
      expect(await run(folder, { training: resumed, checkpointsAt: [] }, xla)).toBeNull();
      expect(await ended(folder)).toEqual(expected);
    }
  },
  240_000,
);
