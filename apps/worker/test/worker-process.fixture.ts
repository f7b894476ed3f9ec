import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const logLine = z.looseObject({ level: z.number(), msg: z.string() });
type LogLine = z.output<typeof logLine>;

/** A real worker: the built program in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly log: LogLine[] = [];
  /** When the process has ended: its exit code, or null where a signal ended it. */
  readonly exitCode: Promise<number | null>;
  #logged: () => void = () => undefined;
  #rest = '';
  #complaint = '';

  constructor(settings: NodeJS.ProcessEnv) {
    // Not the test runner's own arguments, which would make it load sources.
    const options = { execArgv: [], silent: true };
    this.#child = fork(MAIN, { ...options, env: { PATH: process.env['PATH'], THREADS: '1', ...settings } });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#complaint += text));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    // Not its close event: Node.js does not emit it after the parent has closed the channel.
    const outputs = [this.#child.stdout, this.#child.stderr].flatMap((stream) =>
      stream ? [once(stream, 'close')] : [],
    );
    this.exitCode = Promise.all([once(this.#child, 'exit'), ...outputs]).then(([[code]]) => {
      this.#logged();
      return code;
    });
  }

  /** Resolves once the worker takes jobs. */
  async ready(): Promise<this> {
    await this.logged('worker ready');
    return this;
  }

  /** Resolves with the first line of the log that says `msg`. Throws when the worker ends without it. */
  async logged(msg: string): Promise<LogLine> {
    for (;;) {
      const found = this.log.find((line) => line.msg === msg);
      if (found) return found;
      if (this.#child.exitCode !== null)
        throw new Error(`the worker ended: ${JSON.stringify(this.log)} ${this.#complaint}`);
      await new Promise<void>((resolve) => (this.#logged = resolve));
    }
  }

  /** The process id of the engine that trains. */
  async trainingEngine(): Promise<number> {
    return z.int().parse((await this.logged('training'))['engine']);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Goes away as a worker's parent does that dies. */
  disconnect(): void {
    this.#child.disconnect();
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.log.push(logLine.parse(JSON.parse(line)));
    this.#logged();
  }
}

/** Whether a process is there. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
