import { join } from 'node:path';
import type { Serving, ValkeyServer } from '@glyphmill/runtimes';
import { shownAddress } from '@glyphmill/settings';
import type { StackConfig } from './config.js';
import { EmbeddedValkey } from './embedded-valkey.js';
import { makeDataFolder } from './folder.js';
import { aborted } from './interruption.js';
import { Service } from './service.js';
import { Supervisor } from './supervisor.js';

/** How long after its own bound a service is killed that has not ended. */
const STOP_MARGIN_MS = 5000;

/** An API's own bound for the requests that are open when it is to end. */
const API_STOP_MS = 5000;

/** A running stack. */
export interface Stack {
  /** Where the API listens. */
  url: string;
  /** Throws the reason when the stack is interrupted, and when a part of it ends for good. */
  untilBroken(): Promise<never>;
  /** Ends the workers first, so that they can hand back their jobs, then the API, then Valkey. */
  stop(): Promise<void>;
}

interface StackOptions {
  /** A part of the stack has started. */
  onStarted: (what: string) => void;
  /** What the API and the workers log, JSON lines. */
  onOutput: (text: string) => void;
  /** Hears of each part that died, and of its return. Left out: the first death ends the stack. */
  onTrouble?: (line: string) => void;
  /** Aborted when the stack is to end, even while it starts. */
  interruption: AbortSignal;
}

/**
 * Starts Valkey (unless there is a Redis already), the API and the workers, and starts each again that dies later.
 * Throws the first failure of a first start, with nothing left running.
 */
export async function startStack(
  config: StackConfig,
  inherited: NodeJS.ProcessEnv,
  { onStarted, onOutput, onTrouble, interruption }: StackOptions,
): Promise<Stack> {
  makeDataFolder(config.dataFolder);
  const directory = join(config.dataFolder, 'valkey');
  // It comes back on its port, where those that use it try to connect again.
  const valkey = config.redisUrl
    ? undefined
    : new Supervisor<ValkeyServer>({
        name: 'Valkey',
        start: (before) => new EmbeddedValkey(directory, before?.port),
        onTrouble,
      });
  const redisUrl = config.redisUrl ?? (await valkey?.start())?.url ?? '';
  onStarted(`${valkey ? 'Valkey ' : 'Redis  '}  ${shownAddress(redisUrl)}`);

  const environment = {
    ...inherited,
    HOST: config.host,
    PORT: String(config.port),
    REDIS_URL: redisUrl,
    DATA_DIR: config.dataFolder,
  };
  const api = new Supervisor<Serving>({
    name: 'api',
    start: (before) =>
      new Service('api', {
        script: new URL(import.meta.resolve('@glyphmill/api/main')),
        environment: before?.type === 'listening' ? { ...environment, PORT: portOf(before.url) } : environment,
        onOutput,
        stopMs: API_STOP_MS + STOP_MARGIN_MS,
        lastSignal: 'SIGKILL',
      }),
    onTrouble,
  });
  const workers = Array.from({ length: config.workers }, (_, i) => {
    const name = `worker ${i + 1}`;
    const service = {
      script: new URL(import.meta.resolve('@glyphmill/worker/main')),
      environment,
      onOutput,
      stopMs: config.shutdownGraceMs + STOP_MARGIN_MS,
      // A worker ends at once at its second, and takes its engines with it.
      lastSignal: 'SIGTERM',
    } as const;
    return new Supervisor({ name, start: () => new Service(name, service), onTrouble });
  });

  const parts = [...workers, api, ...(valkey ? [valkey] : [])];
  const abandon = () => {
    for (const part of parts) part.abandon();
  };
  process.once('exit', abandon);
  const stop = async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await api.stop();
    await valkey?.stop();
    process.removeListener('exit', abandon);
  };
  try {
    const everyone = Promise.all([api.start(), ...workers.map((worker) => worker.start())]);
    const [listening, ...ready] = await Promise.race([everyone, aborted(interruption)]);
    const url = listening.type === 'listening' ? listening.url : '';
    onStarted(`api      ${url}`);
    for (const each of ready) onStarted(`worker   ${each.type === 'ready' ? each.worker : ''}`);
    const broken = Promise.race([...parts.map((part) => part.untilDead()), aborted(interruption)]);
    broken.catch(() => undefined);
    return { url, untilBroken: () => broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port of an address; the default one of its scheme where it names none. */
function portOf(url: string): string {
  return new URL(url).port || '80';
}
