import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';

import { lastLines } from './setup/command.ts';
import { findFreePort } from './free-port.ts';
import { findPython, pythonProgram } from './setup/python.ts';
import { findRuntimes } from './runtimes.ts';
import { SetupError } from './setup/setup-error.ts';
import { valkeyPassword } from './valkey-password.ts';

const PORT_ATTEMPTS = 10;
const STOP_GRACE_MS = 10_000;
const KEPT_OUTPUT = 4000;
/** What makes the server read its configuration from standard input. */
const FROM_INPUT = '-';
/** What Python and the server need of our environment; our settings, which may be secret, are not among it. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'] as const;
const PORT_TAKEN = 'Address already in use';
const FOLDER_TAKEN = 'Another server is running on these files';

export interface ValkeyOptions {
  /** Where its files lie, which only their owner may read; made if it is not there. */
  directory: string;
  /** `always`: each write is on the disk before it is answered. `none`: nothing is ever written. */
  persistence: 'always' | 'none';
  /** A free one if not given. */
  port?: number;
}

export interface ValkeyServer {
  /** `redis://:PASSWORD@127.0.0.1:PORT`, which is not for people's eyes. */
  url: string;
  port: number;
  pid: number;
  /** Resolves when the server has ended, for whatever reason, with the last lines that it said. */
  ended: Promise<string>;
  /** Ends it in order, and resolves when it is gone. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a Valkey server on 127.0.0.1 and waits until it answers. It ends with this process, even if that is killed.
 * Every user of this machine reaches the port, so it asks for the password that lies in the file `password` of its folder;
 * the server is told it through a pipe, and it stands in no process's arguments or environment.
 *
 * @throws SetupError `valkey-failed` with its last words where it does not start, or if another server uses the
 *   directory; `runtimes-missing`
 */
export async function startValkey(options: ValkeyOptions): Promise<ValkeyServer> {
  const { valkeyServer } = findRuntimes();
  const password = prepareFolder(options.directory);
  const lockFile = options.persistence === 'always' ? path.resolve(options.directory, 'valkey.lock') : '';
  const launch = [findPython(), pythonProgram('run_server.py'), lockFile, valkeyServer];
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort());
    const started = await startOn(port, launch, options, password);
    if (typeof started !== 'string') return started;
    const mayRetry = options.port === undefined && attempt < PORT_ATTEMPTS;
    if (!mayRetry || !started.includes(PORT_TAKEN)) throw startFailed(options, port, started);
  }
}

/** Makes the folder private, also one that is there already, and returns the password of its server. */
function prepareFolder(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    return valkeyPassword(directory);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      'valkey-failed',
      `The folder for the embedded Valkey cannot be made or used (${reason}). Choose another.`,
      {
        cause: error,
      },
    );
  }
}

/** Returns the server, or what it said where it ended at its start. */
async function startOn(
  port: number,
  launch: string[],
  { directory, persistence }: ValkeyOptions,
  password: string,
): Promise<ValkeyServer | string> {
  const [command = '', ...args] = launch;
  const child = spawn(command, [...args, FROM_INPUT], {
    cwd: directory,
    env: Object.fromEntries(INHERITED.map((name) => [name, process.env[name]])),
    // A group of its own: Ctrl-C goes to us, and we end the server after those that use it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const configuration = child.stdio[3] as Writable;
  configuration.on('error', () => undefined).end(configurationOf(port, persistence, password));
  let output = '';
  let sayReady: () => void;
  const ready = new Promise<void>((resolve) => (sayReady = resolve));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
      if (output.includes('Ready to accept connections')) sayReady();
    });
  }
  child.once('exit', () => {
    // A word on the pipe sends the watcher home: the process that it would end is gone.
    child.stdin.on('error', () => undefined).end('orderly\n');
  });
  const ended = once(child, 'close').then(() => lastLines(output, 8));
  const lastWords = await Promise.race([ready, ended]);
  if (lastWords !== undefined) return lastWords;
  const { pid } = child;
  if (pid === undefined) throw new Error('A running server has no process id.');
  return { url: `redis://:${password}@127.0.0.1:${port}`, port, pid, ended, stop: () => stop(child, ended) };
}

function configurationOf(port: number, persistence: ValkeyOptions['persistence'], password: string): string {
  const settings: Record<string, string> = {
    requirepass: password,
    bind: '127.0.0.1',
    port: String(port),
    // Snapshots are off in both cases: the append-only file is the whole truth.
    save: '""',
    appendonly: persistence === 'always' ? 'yes' : 'no',
    appendfsync: 'always',
    // BullMQ's demand: a queue must refuse a write rather than forget a job.
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(kill);
}

function startFailed({ directory }: ValkeyOptions, port: number, output: string): SetupError {
  return new SetupError(
    'valkey-failed',
    `The embedded Valkey could not start on 127.0.0.1:${port} with its files in ${path.resolve(directory)}. ${remedyFor(output)} It said last:\n${output}`,
  );
}

function remedyFor(output: string): string {
  if (output.includes(PORT_TAKEN)) return 'Choose another port.';
  if (output.includes(FOLDER_TAKEN)) return 'Stop the other server, or choose another folder.';
  return 'See that the folder may be written to and that its disk has room.';
}
