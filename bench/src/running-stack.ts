import { fileURLToPath } from 'node:url';
import { ChildProgram } from '@glyphmill/runtimes';
import { onCores } from './processor-cores.js';

const LAST_WORDS_CHARACTERS = 2000;

/** The stack as `npm start` runs it, with one worker, on a free port, on as many cores as it has threads. */
export class RunningStack {
  readonly #program: ChildProgram;
  readonly url: string;

  private constructor(program: ChildProgram, url: string) {
    this.#program = program;
    this.url = url;
  }

  /** Resolves when the stack answers; throws with what it said last where it ends instead. */
  static async start(dataFolder: string, threads: number): Promise<RunningStack> {
    const main = fileURLToPath(new URL('../../apps/stack/dist/main.js', import.meta.url));
    const { command, args } = onCores(threads, { command: process.execPath, args: [main] });
    // The services take an empty setting for none, whatever whoever runs the benchmark has set.
    const unset = { REDIS_URL: '', STORAGE_URL: '', XLA: '' };
    const settings = { HOST: '127.0.0.1', PORT: '0', WORKERS: '1', DEVICE: 'cpu', LOG_LEVEL: 'warn' };
    const environment = { ...process.env, ...unset, ...settings, DATA_DIR: dataFolder, THREADS: String(threads) };
    const { promise: listening, resolve } = Promise.withResolvers<string>();
    let words = '';
    const onOutput = (text: string) => {
      words = (words + text).slice(-LAST_WORDS_CHARACTERS);
      const url = /^Ready: (\S+)\/docs /mu.exec(words)?.[1];
      if (url !== undefined) resolve(url);
    };
    const program = new ChildProgram([command, ...args], { environment, onOutput });
    const ended = program.ended.then(({ lastWords }) => {
      throw new Error(`the stack ended before it was ready: ${lastWords}`);
    });
    const url = await Promise.race([listening, ended]);
    ended.catch(() => undefined); // It is stopped when it is no longer needed.
    return new RunningStack(program, url);
  }

  /** The process that started all others of the stack. */
  get pid(): number {
    return this.#program.pid;
  }

  async stop(): Promise<void> {
    this.#program.signal('SIGTERM');
    await this.#program.ended;
  }
}
