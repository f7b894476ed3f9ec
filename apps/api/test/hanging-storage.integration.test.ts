import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { hangFolder } from '../../../libs/storage/src/folder/hanging-folder.fixture.js';
import { publishModel } from './model.fixture.js';
import { problemOf, useApi } from './running-api.fixture.js';

const api = useApi();

test('an API whose storage does not answer is not ready, lives, and answers what it can read', async ({ skip }) => {
  const model = await publishModel(api().storage);
  const root = dirname((await api().storage.localFolder('models')).path);
  const hanging = hangFolder(join(root, '.staging'));
  if (typeof hanging === 'string') return skip(hanging);
  try {
    const asked = Array.from({ length: 20 }, () => fetch(`${api().url}/health/ready`));
    expect((await fetch(`${api().url}/health/live`)).status).toBe(200);
    expect((await fetch(`${api().url}/api/models/${model}`)).status).toBe(200);
    for (const response of await Promise.all(asked)) {
      const detail = 'No answer from the storage.';
      expect(await problemOf(response)).toMatchObject({ status: 503, code: 'not_ready', detail });
    }
  } finally {
    hanging.release();
  }
  await vi.waitUntil(async () => (await fetch(`${api().url}/health/ready`)).ok, 120_000);
});
