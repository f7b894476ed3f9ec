import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { answers, StackProcess } from './stack-process.fixture.js';

const VALKEY = /Valkey +(redis:\S+)/u;

let folder = '';
let started: StackProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-stack-'));
});
afterEach(async () => {
  for (const stack of started) await stack.clear();
  started = [];
  rmSync(folder, { recursive: true, force: true });
});

function start(program: 'main' | 'demo', settings: NodeJS.ProcessEnv = {}): StackProcess {
  const stack = new StackProcess(program, { DATA_DIR: join(folder, 'data'), PORT: '0', THREADS: '1', ...settings });
  started.push(stack);
  return stack;
}

async function isAllGone(stack: StackProcess): Promise<void> {
  const [, valkey = ''] = await stack.says(VALKEY).catch(() => VALKEY.exec(stack.output) ?? []);
  expect(valkey).not.toBe('');
  await vi.waitUntil(async () => !stack.isGroupThere && !(await answers(valkey)), { timeout: 120_000 });
}

describe('npm start', () => {
  test('npm start says where it listens and where its data is, and stops everything at SIGINT', async () => {
    const stack = start('main');
    const [, url = ''] = await stack.says(/Ready: (\S+)\/docs/u);
    expect(stack.output).toContain(`its data is in ${join(folder, 'data')}`);
    expect((await fetch(`${url}/api/workers`)).status).toBe(200);
    stack.signal('SIGINT');
    expect(await stack.exitCode).toBe(0);
    expect(stack.output).toContain('Everything is stopped.');
    expect(stack.errors).toBe('');
    expect(await answers(url)).toBe(false);
    await isAllGone(stack);
  });

  test('npm start stops everything at Ctrl-C, also one that npm passes on a second time', async () => {
    const stack = start('main', { WORKERS: '0' });
    await stack.says(/Ready/u);
    stack.pressCtrlC();
    stack.signal('SIGINT');
    expect(await stack.exitCode).toBe(0);
    await isAllGone(stack);
  });

  test('npm start stops everything at SIGTERM while it is still starting', async () => {
    const stack = start('main');
    await stack.says(VALKEY);
    stack.signal('SIGTERM');
    expect(await stack.exitCode).toBe(0);
    expect(stack.errors).toBe('');
    await isAllGone(stack);
  });

  test('npm start ends what it started when it is killed', async () => {
    const stack = start('main');
    await stack.says(/Ready/u);
    stack.signal('SIGKILL');
    expect(await stack.exitCode).toBeNull();
    await isAllGone(stack);
  });

  test('npm start on a port that is taken says so in one line, and leaves no process', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const stack = start('main', { PORT: String(port), WORKERS: '0' });
    expect(await stack.exitCode).toBe(1);
    expect(stack.errors.trimEnd().split('\n')).toEqual([
      expect.stringMatching(`PORT ${port} of 127.0.0.1 is in use: .* set PORT to another`),
    ]);
    await isAllGone(stack);
    other.close();
  });

  test('npm start with a setting that a worker refuses says so in one line, and leaves no process', async () => {
    const stack = start('main', { DEVICE: 'tpu' });
    expect(await stack.exitCode).toBe(1);
    expect(stack.errors).toBe('Glyphmill ended: worker 1 ended (exit code 1): DEVICE is "tpu": auto, cpu or cuda:N\n');
    await isAllGone(stack);
  });

  test.runIf(process.platform === 'linux')(
    'npm start with a data folder that cannot be made says so in one line',
    async () => {
      const stack = start('main', { DATA_DIR: '/proc/glyphmill/data' });
      expect(await stack.exitCode).toBe(1);
      expect(stack.errors).toMatch(
        /^Glyphmill ended: \/proc\/glyphmill cannot be made \(.*\)\. Set DATA_DIR to .*\n$/u,
      );
    },
  );

  test('npm start with a setting of its own that cannot be used starts nothing', async () => {
    const stack = start('main', { WORKERS: 'many' });
    expect(await stack.exitCode).toBe(1);
    expect(stack.errors).toBe('Glyphmill ended: WORKERS is "many": a whole number from 0 to 64\n');
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});

test('Ctrl-C while the demo trains stops everything, and its data is gone', async () => {
  // Beside its data there may be the folder in which all workers of a user say what memory they take.
  const ofDemo = () => readdirSync(folder).filter((name) => name.startsWith('glyphmill-demo-'));
  const stack = start('demo', { TMPDIR: folder });
  await stack.says(/Before training the model writes/u);
  expect(ofDemo()).toHaveLength(1);
  stack.pressCtrlC();
  expect(await stack.exitCode).toBe(0);
  expect(stack.output).toContain('Everything is stopped.');
  expect(stack.errors).toBe('');
  await isAllGone(stack);
  expect(ofDemo()).toEqual([]);
});
