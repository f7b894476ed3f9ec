import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { SECURITY_HEADERS } from '../src/http/security-headers.js';
import { postJson, useApi } from './running-api.fixture.js';

const api = useApi({ ALLOWED_HOSTS: 'mill.example, .lab.example' });

/** Sends headers that `fetch` does not let one choose. */
async function ask(path: string, headers: Record<string, string>, method = 'GET') {
  const sent = request(`${api().url}${path}`, { method, headers }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await text(answer);
  return { status: answer.statusCode, headers: answer.headers, code: /"code":"(\w+)"/u.exec(body)?.[1] };
}

test('a page whose name was made to lead to this machine reads and changes nothing', async () => {
  const rebound = { host: 'evil.example', origin: 'http://evil.example' };
  for (const path of ['/api/jobs', '/docs', '/api/openapi.json', '/health/ready', '/nothing']) {
    expect(await ask(path, rebound)).toMatchObject({ status: 421, code: 'unknown_host' });
  }
  expect(await ask('/api/datasets/moby-dick', rebound, 'DELETE')).toMatchObject({ status: 421 });
});

test('this server is known by its addresses, as localhost, and by the names that it was given', async () => {
  for (const host of ['127.0.0.1', 'localhost:1', '[::1]', 'mill.example', 'a.lab.example', 'lab.example:443']) {
    expect(await ask('/api/jobs', { host })).toMatchObject({ status: 200 });
  }
});

test('a page of another site may not even read, and its own pages may', async () => {
  const { host } = new URL(api().url);
  for (const origin of ['http://evil.example', 'http://localhost:1', 'null']) {
    expect(await ask('/api/jobs', { origin })).toMatchObject({ status: 403, code: 'cross_origin' });
    expect(await ask('/api/jobs/train', { origin }, 'OPTIONS')).toMatchObject({ status: 403, code: 'cross_origin' });
  }
  expect(await ask('/api/jobs', { origin: `http://${host}` })).toMatchObject({ status: 200 });
  expect(await ask('/api/jobs', { origin: 'https://mill.example' })).toMatchObject({ status: 200 });
});

test('whoever watches over this server asks for its health from anywhere', async () => {
  for (const path of ['/health/live', '/health/ready']) {
    expect(await ask(path, { origin: 'http://evil.example' })).toMatchObject({ status: 200 });
  }
});

test('every answer says that it is to be taken for nothing else, and shown in no frame', async () => {
  const { id } = (await (
    await postJson(`${api().url}/api/jobs/train`, { dataset: 'moby-dick', model: { kind: 'bigram' } })
  ).json()) as { id: string };
  await fetch(`${api().url}/api/jobs/${id}/cancel`, { method: 'POST' });
  const answers = await Promise.all([
    ask('/api/jobs', {}),
    ask(`/api/jobs/${id}/events`, {}),
    ask('/api/datasets/moby-dick/content', {}),
    ask('/health/live', {}),
    ask('/nothing', {}),
    ask('/api/%', {}),
    ask('/api/jobs', { host: 'evil.example' }),
    ask('/api/jobs', { origin: 'http://evil.example' }),
    ask('/api/jobs/train', { 'content-type': 'text/html', 'content-length': '0' }, 'POST'),
    ask('/api/jobs', {}, 'HEAD'),
    ask('/api/jobs', {}, 'DELETE'),
  ]);
  for (const { headers } of answers) expect(headers).toMatchObject(SECURITY_HEADERS);
});

test("the reference's page may load what it is made of, from this server alone", async () => {
  for (const path of ['/docs', '/docs/', '/docs/swagger-ui-bundle.js', '/docs?x=1']) {
    const { status, headers } = await ask(path, {});
    expect(status).toBe(200);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(
      /script-src 'self';.*style-src 'self' 'unsafe-inline';.*connect-src 'self'.*frame-ancestors/u,
    );
    expect({ ...headers, 'content-security-policy': '' }).toMatchObject({
      ...SECURITY_HEADERS,
      'content-security-policy': '',
    });
  }
  const page = await (await fetch(`${api().url}/docs`)).text();
  // The policy lets no inline script run, so the page must have none.
  expect(page).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|\son\w+=|javascript:/iu);
});
