import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exchange, rawProblem } from './raw-connection.fixture.js';
import { useApi } from './running-api.fixture.js';

const api = useApi({ REQUEST_TIMEOUT_SECONDS: '1' });

const HOST = 'Host: localhost';
const FORM_TYPE = 'Content-Type: multipart/form-data; boundary=B';
const FORM_START = '--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nCall me';

/** The folders of uploads that are not finished. */
async function staged(): Promise<string[]> {
  return readdir(join(await api().storage.localFolder('datasets'), '..', '.staging'));
}

/** Waits for the server to clean up behind a request that failed. */
async function expectNothingStaged(): Promise<void> {
  await expect.poll(staged, { timeout: 30_000 }).toEqual([]);
}

test.each([
  ['multipart', '/api/datasets', FORM_TYPE, FORM_START],
  ['text', '/api/datasets', 'Content-Type: text/plain', 'Call me'],
  ['JSON', '/api/jobs/train', 'Content-Type: application/json', '{"dataset":'],
])('a %s body that stops coming is 408 and leaves nothing', async (_, path, type, body) => {
  const head = [`POST ${path} HTTP/1.1`, HOST, type, 'Content-Length: 900000'];
  const { problem } = rawProblem(await exchange(api().url, [...head, '', body]));
  expect(problem).toMatchObject({ status: 408, code: 'request_timeout' });
  await expectNothingStaged();
});

test('headers that do not come are 408', async () => {
  const { problem } = rawProblem(await exchange(api().url, ['GET /health/live HTTP/1.1', HOST]));
  expect(problem).toMatchObject({ status: 408, code: 'request_timeout' });
});
