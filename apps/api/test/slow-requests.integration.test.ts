import { expect, test } from 'vitest';
import { exchange, rawProblem } from './raw-connection.fixture.js';
import { useApi } from './running-api.fixture.js';
import { expectNothingStaged, FORM_START, FORM_TYPE, HOST } from './upload-in-progress.fixture.js';

const api = useApi({ REQUEST_TIMEOUT_SECONDS: '1' });

test.each([
  ['multipart', '/api/datasets', FORM_TYPE, FORM_START],
  ['text', '/api/datasets', 'Content-Type: text/plain', 'Call me'],
  ['JSON', '/api/jobs/train', 'Content-Type: application/json', '{"dataset":'],
])('a %s body that stops coming is 408 and leaves nothing', async (_, path, type, body) => {
  const head = [`POST ${path} HTTP/1.1`, HOST, type, 'Content-Length: 900000'];
  const { problem } = rawProblem(await exchange(api().url, [...head, '', body]));
  expect(problem).toMatchObject({ status: 408, code: 'request_timeout' });
  await expectNothingStaged(api());
});

test('headers that do not come are 408', async () => {
  const { problem } = rawProblem(await exchange(api().url, ['GET /health/live HTTP/1.1', HOST]));
  expect(problem).toMatchObject({ status: 408, code: 'request_timeout' });
});
