import { fileURLToPath } from 'node:url';
import { ChildProgram } from '@glyphmill/runtimes';
import type { Workplace } from './workplace.fixture.js';

const MAIN = fileURLToPath(new URL('../../api/dist/main.js', import.meta.url));

/** A real API on the queue and the storage of a workplace: the built program in a process of its own. */
export interface ApiProcess {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export async function startApi(
  { redisUrl, prefix, dataFolder }: Workplace,
  settings: NodeJS.ProcessEnv = {},
): Promise<ApiProcess> {
  const own = { REDIS_URL: redisUrl, REDIS_PREFIX: prefix, DATA_DIR: dataFolder, PORT: '0', LOG_LEVEL: 'error' };
  const environment = { PATH: process.env['PATH'], ...own, ...settings };
  const program = new ChildProgram([process.execPath, MAIN], { environment });
  const serving = await program.serving;
  if (serving.type !== 'listening') throw new Error('the API does not say where it listens');
  return {
    url: serving.url,
    pid: program.pid,
    stop: async () => {
      program.signal('SIGTERM');
      await program.ended;
    },
  };
}
