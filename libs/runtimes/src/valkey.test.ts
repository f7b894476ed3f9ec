import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { type ValkeyServer, startValkey } from './valkey.ts';

let directory: string;
const started: ValkeyServer[] = [];

beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(os.tmpdir(), 'glyphmill-')), "a folder's name");
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  rmSync(path.dirname(directory), { recursive: true });
});

async function start(options: Omit<Parameters<typeof startValkey>[0], 'directory'>): Promise<ValkeyServer> {
  const server = await startValkey({ directory, ...options });
  started.push(server);
  return server;
}

/** Sends one command with the server's password, or as one who does not know it, and returns the answer as it came. */
async function ask({ url }: { url: string }, command: string): Promise<string> {
  const { port, password } = new URL(url);
  const socket = net.connect(Number(port), '127.0.0.1');
  if (password !== '') {
    socket.write(`AUTH ${password}\r\n`);
    await once(socket, 'data');
  }
  socket.write(`${command}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}

/** What lies in a folder and everything below it, with what others may do with it. */
function openToOthers(folder: string): string[] {
  const entries = ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })];
  return entries.filter((name) => (statSync(path.join(folder, name)).mode & 0o077) !== 0);
}

describe('startValkey', () => {
  it('an embedded Valkey answers and never drops a key to make room', async () => {
    const server = await start({ persistence: 'none' });
    expect(server.url).toMatch(new RegExp(`^redis://:[\\w-]{43}@127\\.0\\.0\\.1:${server.port}$`, 'u'));
    expect(await ask(server, 'PING')).toBe('+PONG\r\n');
    expect(await ask(server, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    expect(await ask(server, 'INFO server')).toContain(`process_id:${server.pid}\r\n`);
  });

  it('an embedded Valkey keeps each answered write through a kill where it persists', async () => {
    const first = await start({ persistence: 'always' });
    expect(await ask(first, 'CONFIG GET appendfsync')).toContain('always');
    expect(await ask(first, 'SET job 1')).toBe('+OK\r\n');
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    const second = await start({ persistence: 'always' });
    expect(await ask(second, 'GET job')).toBe('$1\r\n1\r\n');
  });

  it('an embedded Valkey answers nobody who does not know the password in the file of its owner', async () => {
    const server = await start({ persistence: 'always' });
    const stranger = { url: `redis://127.0.0.1:${server.port}` };
    const commands = ['KEYS *', 'FLUSHALL', 'SHUTDOWN', 'CONFIG SET maxmemory-policy allkeys-lru', 'INFO'];
    for (const command of commands) expect(await ask(stranger, command)).toMatch(/^-NOAUTH /u);
    expect(new URL(server.url).password).toBe(readFileSync(path.join(directory, 'password'), 'utf8').trim());
    expect(openToOthers(directory)).toEqual([]);
  });

  it('an embedded Valkey keeps its password over restarts, and makes a new one of a file that holds none', async () => {
    const first = await start({ persistence: 'none' });
    const { password } = new URL(first.url);
    await first.stop();
    expect(new URL((await start({ persistence: 'none' })).url).password).toBe(password);
    writeFileSync(path.join(directory, 'password'), '\n');
    const third = await start({ persistence: 'none' });
    expect(new URL(third.url).password).not.toBe(password);
    expect(await ask(third, 'PING')).toBe('+PONG\r\n');
  });

  it('startValkey closes to others a folder that was open to them, and keeps what is in it', async () => {
    const before = await start({ persistence: 'always' });
    await ask(before, 'SET job 1');
    await before.stop();
    // As the folder of a server without a password was.
    rmSync(path.join(directory, 'password'));
    chmodSync(directory, 0o755);
    expect(await ask(await start({ persistence: 'always' }), 'GET job')).toBe('$1\r\n1\r\n');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it.runIf(process.platform === 'linux')(
    'startValkey shows no password in arguments, and gets no setting of ours',
    async () => {
      vi.stubEnv('REDIS_URL', 'redis://:OUR-SECRET@mill');
      const server = await start({ persistence: 'none' });
      vi.unstubAllEnvs();
      const { password } = new URL(server.url);
      const shown = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8');
      expect(shown).toContain('valkey-server');
      expect(shown).not.toContain(password);
      expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).not.toMatch(/REDIS_URL|OUR-SECRET/u);
    },
  );

  it('an embedded Valkey forgets everything with its end where it does not persist', async () => {
    const first = await start({ persistence: 'none' });
    await ask(first, 'SET job 1');
    await first.stop();
    const second = await start({ persistence: 'none' });
    expect(await ask(second, 'GET job')).toBe('$-1\r\n');
  });

  it('startValkey finds each of several that start at once a port of its own', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, () => start({ persistence: 'none' })));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(4);
    const answers = await Promise.all(servers.map((server) => ask(server, 'PING')));
    expect(answers).toEqual(Array.from({ length: 4 }, () => '+PONG\r\n'));
  });

  it('an embedded Valkey is gone once it was stopped, and may be stopped again', async () => {
    const server = await start({ persistence: 'none' });
    await server.stop();
    await expect(ask(server, 'PING')).rejects.toThrow('ECONNREFUSED');
    await server.stop();
    expect(await server.ended).toContain('bye bye');
  });

  it('startValkey refuses a port that is taken, and says so', async () => {
    const { port } = await start({ persistence: 'none' });
    await expect(start({ persistence: 'none', port })).rejects.toMatchObject({
      code: 'valkey-failed',
      message: expect.stringMatching(/Choose another port.*Address already in use/su) as string,
    });
  });

  it('startValkey refuses files that another server uses', async () => {
    await start({ persistence: 'always' });
    await expect(start({ persistence: 'always' })).rejects.toMatchObject({
      code: 'valkey-failed',
      message: expect.stringMatching(/Stop the other server/u) as string,
    });
  });

  it('startValkey refuses a folder that cannot be made', async () => {
    await expect(startValkey({ directory: '/dev/null/valkey', persistence: 'none' })).rejects.toMatchObject({
      code: 'valkey-failed',
    });
  });

  it('an embedded Valkey ends with the process that started it, however that ends', async () => {
    const program = `
      import { startValkey } from ${JSON.stringify(path.join(import.meta.dirname, 'valkey.ts'))};
      const { port } = await startValkey({ directory: process.argv[1], persistence: 'always' });
      console.log(port);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program, directory]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const socket = net.connect(Number(line.toString()), '127.0.0.1');
    await once(socket, 'connect');
    parent.kill('SIGKILL');
    await once(socket, 'close');
    const next = await start({ persistence: 'always' });
    expect(await ask(next, 'PING')).toBe('+PONG\r\n');
  });
});
