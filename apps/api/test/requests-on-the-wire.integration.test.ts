import { expect, test } from 'vitest';
import { exchange, RawConnection, rawProblem } from './raw-connection.fixture.js';
import { problemOf, useApi } from './running-api.fixture.js';
import { expectNothingStaged, FORM_START, FORM_TYPE, HOST, stagedIn } from './upload-in-progress.fixture.js';

const api = useApi({ MAX_UPLOAD_BYTES: '1000000' });

test.each([
  ['multipart', '/api/datasets', FORM_TYPE, FORM_START],
  ['text', '/api/datasets', 'Content-Type: text/plain', 'Call me'],
  ['JSON', '/api/jobs/train', 'Content-Type: application/json', '{"dataset":'],
])('a %s body that is shorter than it says is 400 and leaves nothing', async (_, path, type, body) => {
  const head = [`POST ${path} HTTP/1.1`, HOST, type];
  const length = `Content-Length: ${body.length + 10}`;
  const answer = rawProblem(await exchange(api().url, [...head, length, '', body], { end: true }));
  expect(answer.problem).toMatchObject({ status: 400, code: 'incomplete_body' });
  await expectNothingStaged(api());
});

test.each([
  ['multipart', '/api/datasets', FORM_TYPE, FORM_START],
  ['text', '/api/datasets', 'Content-Type: text/plain', 'Call me'],
  ['JSON', '/api/jobs/train', 'Content-Type: application/json', '{"dataset":'],
])('a chunked %s body without its last chunk is 400 and leaves nothing', async (_, path, type, body) => {
  const head = [`POST ${path} HTTP/1.1`, HOST, type, 'Transfer-Encoding: chunked'];
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
  const ended = rawProblem(await exchange(api().url, [...head, '', chunk], { end: true }));
  expect(ended.problem).toMatchObject({ status: 400, code: 'incomplete_body' });
  const broken = rawProblem(await exchange(api().url, [...head, '', `${chunk}no size`, '']));
  expect(broken.problem).toMatchObject({ status: 400, code: 'malformed_request' });
  await expectNothingStaged(api());
});

test('a connection that is cut in the middle of an upload leaves nothing', async () => {
  const connection = await RawConnection.open(api().url);
  connection.write('POST /api/datasets HTTP/1.1', HOST, FORM_TYPE, 'Content-Length: 900000', '', FORM_START);
  await expect.poll(() => stagedIn(api())).toHaveLength(1);
  connection.socket.resetAndDestroy();
  await expectNothingStaged(api());
});

test.each([
  ['a request line that is none', ['GARBAGE', '', ''], 400, 'malformed_request'],
  ['another version of HTTP', ['GET / HTTP/3.7', HOST, '', ''], 400, 'malformed_request'],
  ['a header with a space in its name', ['GET / HTTP/1.1', HOST, 'a b: c', '', ''], 400, 'malformed_request'],
  ['a length that is no number', ['POST / HTTP/1.1', HOST, 'Content-Length: ten', '', ''], 400, 'malformed_request'],
  [
    'headers that are too large',
    ['GET / HTTP/1.1', HOST, `a: ${'b'.repeat(70_000)}`, '', ''],
    431,
    'headers_too_large',
  ],
  ['a request without Host', ['GET /health/live HTTP/1.1', 'Connection: close', '', ''], 400, 'malformed_request'],
  [
    'an expectation that nobody can meet',
    ['GET /health/live HTTP/1.1', HOST, 'Expect: miracles', '', ''],
    417,
    'expectation_failed',
  ],
  [
    'an address that is not percent-encoded',
    ['GET /api/jobs/%ZZ HTTP/1.1', HOST, 'Connection: close', '', ''],
    400,
    'malformed_request',
  ],
  [
    'an address with a parameter that is too long',
    [`GET /api/jobs/${'a'.repeat(600)} HTTP/1.1`, HOST, 'Connection: close', '', ''],
    414,
    'uri_too_long',
  ],
])('%s is answered with a problem document', async (_, lines, status, code) => {
  const { problem, headers } = rawProblem(await exchange(api().url, lines));
  expect(problem).toMatchObject({ status, code });
  expect(problem.instance).toBe(`urn:glyphmill:request:${/^x-request-id: (.+)$/mu.exec(headers)?.[1]}`);
});

test('an error in what follows a request does not take the place of its answer', async () => {
  const answer = await exchange(api().url, ['GET /health/live HTTP/1.1', HOST, '', 'GARBAGE', '', '']);
  expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\{"status":"ok"\}HTTP\/1\.1 400 [^]*"malformed_request"/u);
});

test.each([
  ['too long', 'text/plain', 2_000_000, 413, 'upload_too_large'],
  ['of another type', 'text/html', 7, 415, 'unsupported_media_type'],
])(
  'a client that waits with a body that is %s is refused without being asked for it',
  async (_, type, length, status, code) => {
    const head = ['POST /api/datasets HTTP/1.1', HOST, `Content-Type: ${type}`, `Content-Length: ${length}`];
    const { problem, statusLine } = rawProblem(await exchange(api().url, [...head, 'Expect: 100-continue', '', '']));
    expect(statusLine).toContain(String(status));
    expect(problem).toMatchObject({ status, code });
  },
);

test('a client that waits with a body that is too long for JSON is refused without being asked for it', async () => {
  const head = ['POST /api/jobs/train HTTP/1.1', HOST, 'Content-Type: application/json', 'Content-Length: 9000000'];
  const { statusLine } = rawProblem(await exchange(api().url, [...head, 'Expect: 100-continue', '', '']));
  expect(statusLine).toContain('413');
});

test.each([
  ['/api/datasets?name=patient', 'text/plain', 'a patient client', '201'],
  ['/api/jobs/train', 'application/json', '{"dataset":1}', '400'],
])('a client that waits is asked for a body that is read: %s', async (path, type, body, status) => {
  const connection = await RawConnection.open(api().url);
  const head = [`POST ${path} HTTP/1.1`, HOST, `Content-Type: ${type}`, `Content-Length: ${body.length}`];
  connection.write(...head, 'Expect: 100-continue', 'Connection: close', '', '');
  expect(await connection.until(/\r\n\r\n/u)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  connection.write(body);
  expect(await connection.rest()).toContain(`\r\n\r\nHTTP/1.1 ${status} `);
});

test.each([
  ['PUT', '/api/jobs/train', 'OPTIONS, POST'],
  ['DELETE', '/api/jobs/job_1/events', 'GET, HEAD, OPTIONS'],
  ['PATCH', '/api/datasets/moby-dick?a=b', 'DELETE, GET, HEAD, OPTIONS'],
  ['PROPFIND', '/api/models/model_1/files/onnx/model.onnx', 'GET, HEAD, OPTIONS'],
  ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
])('%s %s is 405, and Allow says what the address takes', async (method, path, allow) => {
  const response = await fetch(api().url + path, { method });
  expect(response.headers.get('allow')).toBe(allow);
  expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' });
});

test('OPTIONS is answered with what an address takes, and is 404 for an address that takes nothing', async () => {
  const response = await fetch(`${api().url}/api/datasets`, { method: 'OPTIONS' });
  expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([
    204,
    'GET, HEAD, OPTIONS, POST',
    '',
  ]);
  const nothing = await fetch(`${api().url}/api/nothing`, { method: 'OPTIONS' });
  expect(await problemOf(nothing)).toMatchObject({ status: 404, code: 'not_found' });
});

test.each([
  [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'unsupported_coding'],
  [{ 'content-type': 'application/json; charset=utf-16' }, 'unsupported_charset'],
  [{ 'content-type': 'application/json; charset="latin1"' }, 'unsupported_charset'],
  [{ 'content-type': 'text/json' }, 'unsupported_media_type'],
  [{ 'content-type': 'json' }, 'unsupported_media_type'],
])('a JSON body with %o is 415', async (headers, code) => {
  const response = await fetch(`${api().url}/api/jobs/train`, { method: 'POST', headers, body: '{}' });
  expect(await problemOf(response)).toMatchObject({ status: 415, code });
});
