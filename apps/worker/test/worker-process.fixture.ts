import { fileURLToPath } from 'node:url';
import { ChildProgram } from '@glyphmill/runtimes';
import { z } from 'zod';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const logLine = z.looseObject({ level: z.number(), msg: z.string() });
type LogLine = z.output<typeof logLine>;

/** A real worker: the built program in a process of its own. */
export class WorkerProcess {
  readonly #program: ChildProgram;
  readonly log: LogLine[] = [];
  /** When the process has ended: its exit code, or null if a signal ended it. */
  readonly exitCode: Promise<number | null>;
  #logged: () => void = () => undefined;
  #rest = '';
  #complaint = '';

  constructor(settings: NodeJS.ProcessEnv) {
    this.#program = new ChildProgram([process.execPath, MAIN], {
      environment: { PATH: process.env['PATH'], THREADS: '1', ...settings },
      onOutput: (text, stream) => {
        if (stream === 'stdout') this.#read(text);
        else this.#complaint += text;
      },
    });
    this.exitCode = this.#program.ended.then(({ exitCode }) => {
      this.#logged();
      return exitCode;
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
      if (this.#program.hasEnded) throw new Error(`the worker ended: ${JSON.stringify(this.log)} ${this.#complaint}`);
      await new Promise<void>((resolve) => (this.#logged = resolve));
    }
  }

  /** The process id of the engine that trains. */
  async trainingEngine(): Promise<number> {
    return z.int().parse((await this.logged('training'))['engine']);
  }

  get pid(): number {
    return this.#program.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#program.signal(name);
  }

  /** Goes away as a worker's parent does that dies. */
  disconnect(): void {
    this.#program.disconnect();
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
