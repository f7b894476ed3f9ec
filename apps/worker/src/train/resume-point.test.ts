import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readNewest } from './resume-point.js';

const damaged = mkdtempSync(join(tmpdir(), 'glyphmill-checkpoint-'));
writeFileSync(join(damaged, 'checkpoint.json'), '{"step":');
afterAll(() => rmSync(damaged, { recursive: true }));

const points = [
  { step: 30, folder: null },
  { step: 20, folder: damaged },
];

test('without checkpoints a training run starts from its beginning, and nothing is said', async () => {
  const said: string[] = [];
  expect(await readNewest([], false, (message) => said.push(message))).toBeUndefined();
  expect(said).toEqual([]);
});

test('each checkpoint that cannot be read is named, with what is used instead', async () => {
  const said: string[] = [];
  expect(await readNewest(points, false, (message) => said.push(message))).toBeUndefined();
  expect(said).toEqual([
    'the checkpoint of step 30 is no longer stored; the one of step 20 is tried instead',
    expect.stringMatching(/^the checkpoint of step 20 cannot be read, and the training starts from its beginning: .+/u),
  ]);
});

test("a training run that continues with another job's does not start from its beginning", async () => {
  const lost = { code: 'checkpoint_lost', message: expect.stringContaining('initFrom') };
  await expect(readNewest(points, true, () => undefined)).rejects.toMatchObject(lost);
  await expect(readNewest([], true, () => undefined)).rejects.toMatchObject(lost);
});
