import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildProgram, startValkey } from '@glyphmill/runtimes';

const MAIN = fileURLToPath(new URL('../../../apps/api/dist/main.js', import.meta.url));

/** What Linux counts processor time in. */
const TICK_MS = 10;

/** An API in a process of its own and a Valkey that writes each change to the disk, without workers. */
export interface ServedQueue {
  url: string;
  redisUrl: string;
  /** Resident memory of the API's process now. */
  apiBytes(): Promise<number>;
  /** Processor time that the API has taken so far. */
  apiCpuMs(): Promise<number>;
  stop(): Promise<void>;
}

export async function serveQueue(): Promise<ServedQueue> {
  const folder = await mkdtemp(join(tmpdir(), 'glyphmill-bench-'));
  const valkey = await startValkey({ directory: join(folder, 'valkey'), persistence: 'always' });
  const settings = { REDIS_URL: valkey.url, DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'error' };
  const environment = { PATH: process.env['PATH'], ...settings };
  const api = new ChildProgram([process.execPath, MAIN], { environment });
  const serving = await api.serving;
  if (serving.type !== 'listening') throw new Error('the API does not say where it listens');
  return {
    url: serving.url,
    redisUrl: valkey.url,
    apiBytes: async () => {
      const status = await readFile(`/proc/${api.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/mu.exec(status)?.[1]) * 1024;
    },
    apiCpuMs: async () => {
      const stat = await readFile(`/proc/${api.pid}/stat`, 'utf8');
      const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14);
      return (Number(user) + Number(system)) * TICK_MS;
    },
    stop: async () => {
      api.signal('SIGTERM');
      await api.ended;
      await valkey.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
