import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectRedis } from '@glyphmill/jobs';
import { RedisProxy } from '@glyphmill/jobs/testing';
import { startValkey, type ValkeyServer } from '@glyphmill/runtimes';
import { openStorage, type Storage } from '@glyphmill/storage';
import { Service } from './service.js';

const APIS = 2;
const WORKERS = 3;

/** The prefix of every key that the deployment writes. */
export const PREFIX = '{chaos}';

/** How long a worker may take to hand its jobs back at SIGTERM. */
export const SHUTDOWN_GRACE_SECONDS = 20;

/** Two apis and three workers, each with its own way to one Valkey, and a folder as storage. */
export class Deployment {
  #valkey: ValkeyServer | undefined;
  readonly #valkeyFolder: string;
  readonly services: Service[] = [];
  readonly redis;

  private constructor(
    readonly storage: Storage,
    /** What every process of the deployment has in its environment, and no other. */
    readonly mark: string,
    folder: string,
    valkey: ValkeyServer,
  ) {
    this.#valkeyFolder = join(folder, 'valkey');
    this.#valkey = valkey;
    this.redis = connectRedis(valkey.url, 'worker', () => undefined);
  }

  /** Starts it all in an empty folder. What goes wrong of itself from then on goes to `onViolation`. */
  static async start(folder: string, onViolation: (violation: string) => void): Promise<Deployment> {
    const valkeyFolder = join(folder, 'valkey');
    const valkey = await startValkey({ directory: valkeyFolder, persistence: 'always' });
    const storage = await openStorage(pathToFileURL(join(folder, 'storage')));
    const mark = `GLYPHMILL_CHAOS=${folder}`;
    const deployment = new Deployment(storage, mark, folder, valkey);
    mkdirSync(join(folder, 'logs'));
    const settings = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      GLYPHMILL_CHAOS: folder,
      REDIS_PREFIX: PREFIX,
      DATA_DIR: folder,
      PORT: '0',
      DEVICE: 'cpu',
      THREADS: '1',
      XLA: 'off',
      SHUTDOWN_GRACE_SECONDS: String(SHUTDOWN_GRACE_SECONDS),
    };
    const add = async (kind: Service['kind'], number: number) => {
      const name = `${kind} ${number}`;
      const proxy = await RedisProxy.to(valkey.url);
      const logFile = join(folder, 'logs', `${name}.log`);
      deployment.services.push(new Service({ name, kind, proxy, settings, logFile, onViolation }));
    };
    for (let number = 1; number <= APIS; number += 1) await add('api', number);
    for (let number = 1; number <= WORKERS; number += 1) await add('worker', number);
    await Promise.all(deployment.services.map((service) => service.start()));
    return deployment;
  }

  /** Ends Valkey, and starts it again on the same port and files after a while. */
  async restartValkey(signal: 'SIGKILL' | 'SIGTERM', awayMs: number): Promise<void> {
    const valkey = this.#valkey;
    if (!valkey) return;
    this.#valkey = undefined;
    process.kill(valkey.pid, signal);
    await valkey.ended;
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    this.#valkey = await startValkey({
      directory: this.#valkeyFolder,
      persistence: 'always',
      port: valkey.port,
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.end('SIGTERM')));
    for (const { proxy } of this.services) proxy.close();
    this.redis.disconnect();
    await this.#valkey?.stop();
  }
}
