import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Workplace } from './workplace.fixture.js';

const MAIN = fileURLToPath(new URL('../../api/dist/main.js', import.meta.url));

const listening = z.object({ type: z.literal('listening'), url: z.string() });

/** A real api on the queue and the storage of a workplace: the built program in a process of its own. */
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
  const child = fork(MAIN, { execArgv: [], env: { PATH: process.env['PATH'], ...own, ...settings } });
  const exited = once(child, 'exit');
  const ended = exited.then(() => {
    throw new Error('the api ended');
  });
  ended.catch(() => undefined);
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return {
    url: listening.parse(message).url,
    pid: z.int().parse(child.pid),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
