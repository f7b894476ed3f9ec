import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { NativePackage } from './native-package.ts';
import { findPython } from './python.ts';
import { ensureWheel } from './wheel.ts';

const WHEEL = 'demo-1.0-py3-none-any.whl';

let folder: string;
let cache: string;
let demo: NativePackage;
let wheel: Buffer;
let index: http.Server;
/** Answers a request for the wheel; a test may put another one here. */
let serveWheel: (response: http.ServerResponse) => void;
let downloads: number;

/** A package index that real pip reads, with one small wheel. */
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'glyphmill-'));
  cache = path.join(folder, 'cache');
  wheel = makeWheel();
  demo = {
    name: 'demo',
    version: '1.0',
    requirement: `demo==1.0 --hash=sha256:${createHash('sha256').update(wheel).digest('hex')}\n`,
    key: 'demo-1.0',
    prefix: 'demo/',
    keep: ['lib/*'],
    links: [['library', 'lib/library.so']],
    megabytes: 1,
  };
  downloads = 0;
  serveWheel = (response) => response.end(wheel);
  index = http.createServer((request, response) => {
    if (!request.url?.endsWith('.whl')) {
      response.setHeader('content-type', 'text/html').end(`<a href="/${WHEEL}">${WHEEL}</a>`);
      return;
    }
    downloads += 1;
    response.setHeader('content-length', wheel.length);
    serveWheel(response);
  });
  await once(index.listen(0, '127.0.0.1'), 'listening');
  vi.stubEnv('PIP_INDEX_URL', `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`);
  vi.stubEnv('PIP_EXTRA_INDEX_URL', '');
  vi.stubEnv('PIP_FIND_LINKS', '');
  vi.stubEnv('PIP_RETRIES', '0');
});

afterEach(() => {
  vi.unstubAllEnvs();
  index.closeAllConnections();
  index.close();
  rmSync(folder, { recursive: true });
});

function makeWheel(): Buffer {
  const write = (file: string, text: string) => {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };
  write('demo/lib/library.so', 'a library');
  write('demo/unwanted.py', 'what is not kept');
  write('demo-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n');
  write('demo-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  write('demo-1.0.dist-info/RECORD', '');
  spawnSync(findPython(), ['-m', 'zipfile', '-c', WHEEL, 'demo', 'demo-1.0.dist-info'], { cwd: folder });
  return readFileSync(path.join(folder, WHEEL));
}

/** Wants the wheel in a process of its own; `said` resolves when it has printed the text. */
function ensureInProcess() {
  const program = `
    import { ensureWheel } from ${JSON.stringify(path.join(import.meta.dirname, 'wheel.ts'))};
    console.log(await ensureWheel(process.argv[1], JSON.parse(process.argv[2]), 'linux-x64', console.log));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, cache, JSON.stringify(demo)]);
  let output = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const listener of listeners) listener();
  });
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => output.includes(text) && resolve();
      listeners.add(look);
      look();
    });
  return { child, said, ended: once(child, 'close').then(() => output) };
}

const ensure = (report = (_line: string) => {}) => ensureWheel(cache, demo, 'linux-x64', report);

describe('ensureWheel', () => {
  it('ensureWheel keeps what is wanted of the wheel, and nothing else', async () => {
    const entry = await ensure();
    expect(readdirSync(entry).sort()).toEqual(['contents.json', 'lib', 'library']);
    expect(readFileSync(path.join(entry, 'library'), 'utf8')).toBe('a library');
    expect(readdirSync(cache).sort()).toEqual(['demo-1.0', 'demo-1.0.lock']);
  });

  it('ensureWheel does not ask the index again for what is there', async () => {
    await ensure();
    const lines: string[] = [];
    await ensure((line) => lines.push(line));
    expect([downloads, lines]).toEqual([1, []]);
  });

  it('downloads once for two processes that start at once', async () => {
    const requested = new Promise<http.ServerResponse>((resolve) => (serveWheel = resolve));
    const first = ensureInProcess();
    const response = await requested;
    const second = ensureInProcess();
    await second.said('Another process is setting up demo-1.0');
    response.end(wheel);
    const entry = path.join(cache, 'demo-1.0');
    expect(await first.ended).toContain(entry);
    expect(await second.ended).toContain(entry);
    expect(downloads).toBe(1);
  });

  it('ensureWheel repairs what a process left that was killed while it downloaded', async () => {
    const requested = new Promise<http.ServerResponse>((resolve) => (serveWheel = resolve));
    const killed = ensureInProcess();
    const response = await requested;
    response.write(wheel.subarray(0, 100));
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    expect(readdirSync(cache)).not.toContain('demo-1.0');
    serveWheel = (next) => next.end(wheel);
    await ensure();
    expect(readdirSync(cache).sort()).toEqual(['demo-1.0', 'demo-1.0.lock']);
  });

  it('ensureWheel notices a file that was cut, and fetches the wheel again', async () => {
    const entry = await ensure();
    truncateSync(path.join(entry, 'lib', 'library.so'), 3);
    const lines: string[] = [];
    await ensure((line) => lines.push(line));
    expect(lines[0]).toContain(`lib/library.so has 3 bytes instead of 9`);
    expect(readFileSync(path.join(entry, 'library'), 'utf8')).toBe('a library');
  });

  it('ensureWheel refuses a wheel with another sha256, and keeps nothing of it', async () => {
    const other = Buffer.from(wheel);
    other.writeUInt8(other.readUInt8(60) ^ 1, 60);
    serveWheel = (response) => response.end(other);
    await expect(ensure()).rejects.toMatchObject({ code: 'download-refused' });
    expect(readdirSync(cache)).toEqual(['demo-1.0.lock']);
  });

  it('ensureWheel says what to check when the index cannot be reached', async () => {
    vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
    await expect(ensure()).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringMatching(/demo 1\.0 could not be downloaded.*network.*PIP_INDEX_URL/su) as string,
    });
  });

  it('ensureWheel says how much room is missing before it downloads', async () => {
    demo.megabytes = 1e9;
    await expect(ensure()).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/demo 1\.0 needs 1000000000 MB and \d+ MB are free.*GLYPHMILL_CACHE/su) as string,
    });
    expect(downloads).toBe(0);
  });
});
