import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startValkey } from '@glyphmill/runtimes';
import type { StackConfig } from './config.js';
import { aborted } from './interruption.js';
import { Service } from './service.js';

/** A running stack. */
export interface Stack {
  /** Where the api listens. */
  url: string;
  /** Throws the reason when a part of the stack ends that was not asked to, and when the stack is interrupted. */
  untilBroken(): Promise<never>;
  /** Ends the workers first, so that they can hand back their jobs, then the api, then Valkey. */
  stop(): Promise<void>;
}

interface StackOptions {
  /** A part of the stack has started. */
  onStarted: (what: string) => void;
  /** What the api and the workers log, JSON lines. */
  onOutput: (text: string) => void;
  /** Aborted when the stack is to end, also while it starts. */
  interruption: AbortSignal;
}

/** Starts Valkey (unless there is a Redis already), the api and the workers. Throws the first failure, with nothing left running. */
export async function startStack(
  config: StackConfig,
  inherited: NodeJS.ProcessEnv,
  { onStarted, onOutput, interruption }: StackOptions,
): Promise<Stack> {
  mkdirSync(config.dataFolder, { recursive: true });
  const services: Service[] = [];
  const stopServices = async (names: RegExp) => {
    await Promise.all(services.filter(({ name }) => names.test(name)).map((service) => service.stop()));
  };
  const valkey = config.redisUrl
    ? undefined
    : await startValkey({ directory: join(config.dataFolder, 'valkey'), persistence: 'always' });
  const redisUrl = config.redisUrl ?? valkey?.url ?? '';
  onStarted(valkey ? `Valkey   ${valkey.url}` : `Redis    ${redisUrl}`);

  const stop = async () => {
    await stopServices(/^worker/u);
    await stopServices(/^api/u);
    await valkey?.stop();
  };
  const environment = {
    ...inherited,
    HOST: config.host,
    PORT: String(config.port),
    REDIS_URL: redisUrl,
    DATA_DIR: config.dataFolder,
  };
  const start = (name: string, main: string) => {
    const service = new Service(name, { script: new URL(import.meta.resolve(main)), environment, onOutput });
    services.push(service);
    return service;
  };

  try {
    const api = start('api', '@glyphmill/api/main');
    const workers = Array.from({ length: config.workers }, (_, i) =>
      start(`worker ${i + 1}`, '@glyphmill/worker/main'),
    );
    const everyone = Promise.all([api.ready(), ...workers.map((worker) => worker.ready())]);
    const [listening, ...ready] = await Promise.race([everyone, aborted(interruption)]);
    const url = listening.type === 'listening' ? listening.url : '';
    onStarted(`api      ${url}`);
    for (const each of ready) onStarted(`worker   ${each.type === 'ready' ? each.worker : ''}`);
    const broken = Promise.race([
      ...services.map((service) => service.diedUnasked()),
      ...(valkey ? [valkey.ended.then((words) => Promise.reject(new Error(`Valkey ended: ${words}`)))] : []),
      aborted(interruption),
    ]);
    broken.catch(() => undefined);
    return { url, untilBroken: () => broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
