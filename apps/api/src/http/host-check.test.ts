import { expect, test } from 'vitest';
import { Problem } from '../problem/problem.js';
import { HostCheck } from './host-check.js';

const loopback = new HostCheck({ host: '127.0.0.1', allowedHosts: [] });
const proxied = new HostCheck({ host: '0.0.0.0', allowedHosts: ['mill.example', '.lab.example'] });
const any = new HostCheck({ host: 'mill.lan', allowedHosts: ['*'] });

function codeOf(check: () => void): string {
  try {
    check();
    return 'passes';
  } catch (error) {
    return error instanceof Problem ? error.code : 'another error';
  }
}

test.each(['127.0.0.1:3000', '192.168.1.7', '[::1]:3000', 'localhost:3000', 'LOCALHOST', 'localhost.', 'a.localhost'])(
  'the host %s needs no name of this server, wherever it listens',
  (host) => {
    for (const check of [loopback, proxied, any]) expect(codeOf(() => check.checkHost({ host }))).toBe('passes');
  },
);

test.each([
  ['evil.example', loopback],
  ['evil.example:3000', proxied],
  ['127.0.0.1.evil.example', loopback],
  ['localhost.evil.example', loopback],
  ['notlocalhost', loopback],
  ['mill.example.evil.example', proxied],
  ['x.mill.example', proxied],
  ['evillab.example', proxied],
  ['user@127.0.0.1', loopback],
  ['127.0.0.1/evil.example', loopback],
  ['', loopback],
  ['a b', loopback],
])('the host "%s" is refused', (host, check) => {
  expect(codeOf(() => check.checkHost({ host }))).toBe('unknown_host');
});

test.each(['mill.example', 'Mill.Example.:8443', 'lab.example', 'a.b.lab.example'])(
  'the host %s is among ALLOWED_HOSTS',
  (host) => expect(codeOf(() => proxied.checkHost({ host }))).toBe('passes'),
);

test('a name in HOST is a name of this server', () => {
  const named = new HostCheck({ host: 'Mill.lan', allowedHosts: [] });
  expect(codeOf(() => named.checkHost({ host: 'mill.lan:3000' }))).toBe('passes');
  expect(codeOf(() => named.checkHost({ host: 'evil.lan' }))).toBe('unknown_host');
});

test('a request without a host, as in HTTP/1.0, comes from no browser', () => {
  expect(codeOf(() => loopback.checkHost({}))).toBe('passes');
});

const host = 'localhost:3000';

test.each([
  [{ host, origin: 'http://localhost:3000' }, 'passes'],
  [{ host: 'mill.example', origin: 'https://mill.example' }, 'passes'],
  [{ host: '10.0.0.5:3000', origin: 'https://mill.example' }, 'passes'],
  [{ host: '10.0.0.5:3000', origin: 'https://mill.example:8443' }, 'cross_origin'],
  [{ host, origin: 'http://localhost' }, 'cross_origin'],
  [{ host, origin: 'http://localhost:8080' }, 'cross_origin'],
  [{ host, origin: 'http://127.0.0.1:3000' }, 'cross_origin'],
  [{ host, origin: 'http://evil.example' }, 'cross_origin'],
  [{ host, origin: 'null' }, 'cross_origin'],
  [{ host, origin: '' }, 'cross_origin'],
  [{ host, origin: 'file://' }, 'cross_origin'],
  [{ host, origin: 'chrome-extension://localhost:3000' }, 'cross_origin'],
  [{ host, origin: 'http://localhost:3000/path' }, 'cross_origin'],
])('of %j the origin %s', (headers, outcome) => {
  expect(codeOf(() => proxied.checkOrigin('GET', headers))).toBe(outcome);
});

test('any host that may be asked for does not make any page one that may ask', () => {
  expect(codeOf(() => any.checkHost({ host: 'evil.example' }))).toBe('passes');
  expect(codeOf(() => any.checkOrigin('GET', { host, origin: 'http://evil.example' }))).toBe('cross_origin');
});

test.each([
  ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'cross_origin'],
  ['GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }, 'cross_origin'],
  ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 'cross_origin'],
  [
    'POST',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    'cross_origin',
  ],
  ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'passes'],
  ['GET', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'passes'],
  ['POST', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'passes'],
  ['POST', {}, 'passes'],
])('without an origin, %s with %j', (method, headers, outcome) => {
  expect(codeOf(() => loopback.checkOrigin(method, { host, ...headers }))).toBe(outcome);
});
