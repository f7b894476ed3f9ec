import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCores } from './processor-cores.js';

const LAST_WORDS_CHARACTERS = 2000;

/** The stack as `npm start` runs it, with one worker, on a free port, on as many cores as it has threads. */
export class RunningStack {
  readonly #child: ChildProcess;
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Resolves when the stack answers; throws with what it said last where it ends instead. */
  static async start(dataFolder: string, threads: number): Promise<RunningStack> {
    const main = fileURLToPath(new URL('../../apps/stack/dist/main.js', import.meta.url));
    const { command, args } = onCores(threads, { command: process.execPath, args: [main] });
    // The services take an empty setting for none, whatever whoever runs the benchmark has set.
    const unset = { REDIS_URL: '', STORAGE_URL: '', XLA: '' };
    const settings = { HOST: '127.0.0.1', PORT: '0', WORKERS: '1', DEVICE: 'cpu', LOG_LEVEL: 'warn' };
    const env = { ...process.env, ...unset, ...settings, DATA_DIR: dataFolder, THREADS: String(threads) };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let words = '';
    const listening = new Promise<string>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          words = (words + text).slice(-LAST_WORDS_CHARACTERS);
          const url = /^Ready: (\S+)\/docs /mu.exec(words)?.[1];
          if (url !== undefined) resolve(url);
        });
      }
    });
    const ended = once(child, 'close').then(() => {
      throw new Error(`the stack ended before it was ready: ${words}`);
    });
    const url = await Promise.race([listening, ended]);
    ended.catch(() => undefined); // It is stopped when it is no longer needed.
    return new RunningStack(child, url);
  }

  /** The process that started all others of the stack. */
  get pid(): number {
    return this.#child.pid!;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'close');
  }
}
