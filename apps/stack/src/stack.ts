import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startValkey } from '@glyphmill/runtimes';
import type { StackConfig } from './config.js';
import { Service } from './service.js';

/** A running stack. */
export interface Stack {
  /** Where the api listens. */
  url: string;
  redisUrl: string;
  /** Resolves with the reason when a part of the stack ends that was not asked to. */
  failed: Promise<Error>;
  /** Ends the workers first, so that they can hand back their jobs, then the api, then Valkey. */
  stop(): Promise<void>;
}

interface StackCallbacks {
  /** A part of the stack has started. */
  onStarted: (what: string) => void;
  /** What the api and the workers log, JSON lines. */
  onOutput: (text: string) => void;
}

/** Starts Valkey (unless there is a Redis already), the api and the workers. Throws the first failure, with nothing left running. */
export async function startStack(
  config: StackConfig,
  inherited: NodeJS.ProcessEnv,
  { onStarted, onOutput }: StackCallbacks,
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
    const workers = Array.from({ length: config.workers }, (_, i) => start(`worker ${i + 1}`, '@glyphmill/worker/main'));
    const listening = await api.ready();
    const url = listening.type === 'listening' ? listening.url : '';
    onStarted(`api      ${url}`);
    for (const worker of workers) {
      const ready = await worker.ready();
      onStarted(`worker   ${ready.type === 'ready' ? ready.worker : ''}`);
    }
    const failed = Promise.race([
      ...services.map(async (service) => {
        const death = await service.ended;
        return service.isStopping ? await new Promise<never>(() => undefined) : death;
      }),
      ...(valkey ? [valkey.ended.then((words) => new Error(`Valkey ended: ${words}`))] : []),
    ]);
    return { url, redisUrl, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
