import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';

const KEPT_CHARACTERS = 4000;

/** What an API or a worker sends to the process that started it, once it serves. */
const serving = z.union([
  z.object({ type: z.literal('listening'), url: z.string() }),
  z.object({ type: z.literal('ready'), worker: z.string() }),
]);

export type Serving = z.output<typeof serving>;

export interface ProgramOptions {
  /** The whole environment of the process; nothing else is inherited. */
  environment: NodeJS.ProcessEnv;
  /** Called with whatever it prints. */
  onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
  /** Whether it leads a process group of its own, as a program that a terminal starts. */
  leadsGroup?: boolean;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Null if a signal ended it, or if it did not start. */
  exitCode: number | null;
  /** In words: the signal, the exit code, or why it did not start. */
  reason: string;
  /** The end of what it printed. */
  lastWords: string;
}

/** A program ended before it served. */
export class ProgramEndedError extends Error {
  readonly end: ProgramEnd;

  constructor(end: ProgramEnd) {
    super(`the program ended (${end.reason}) before it served${end.lastWords && `: ${end.lastWords}`}`);
    this.end = end;
  }
}

/** A program that runs as a child process, from its start to its end. */
export class ChildProgram {
  readonly #child: ChildProcess;
  #lastWords = '';
  #hasEnded = false;
  /** Resolves when it says that it serves. Rejects with {@link ProgramEndedError} if it ends first. */
  readonly serving: Promise<Serving>;
  /** Resolves when the process has ended and all that it printed is read; never rejects. */
  readonly ended: Promise<ProgramEnd>;

  /** @param command the program and its arguments, such as `[process.execPath, script]` */
  constructor([command = '', ...args]: readonly string[], options: ProgramOptions) {
    const { environment, onOutput, leadsGroup = false } = options;
    const child = spawn(command, args, {
      env: environment,
      detached: leadsGroup,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-KEPT_CHARACTERS);
        onOutput?.(text, stream);
      });
    }
    const exited = once(child, 'exit').then(
      ([exitCode, signal]: (number | string | null)[]) => {
        this.#hasEnded = true;
        return { exitCode: z.int().nullable().parse(exitCode), reason: String(signal ?? `exit code ${exitCode}`) };
      },
      (error: unknown) => {
        this.#hasEnded = true;
        return { exitCode: null, reason: `it did not start: ${String(error)}` };
      },
    );
    // Not the process's own `close` event: Node.js does not emit it after the parent has closed the channel.
    const outputs = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
    this.ended = Promise.all([exited, ...outputs]).then(([end]) => ({ ...end, lastWords: this.#lastWords }));
    this.serving = Promise.race([
      once(child, 'message').then(([message]) => serving.parse(message)),
      this.ended.then((end) => Promise.reject(new ProgramEndedError(end))),
    ]);
    this.serving.catch(() => undefined); // Not everyone waits for it.
  }

  /** The process id. Throws if the program did not start. */
  get pid(): number {
    return z.int().parse(this.#child.pid);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends a signal to the program alone. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it by SIGTERM, and by SIGKILL if it has not ended `withinMs` milliseconds later. */
  async stop(withinMs: number): Promise<ProgramEnd> {
    this.signal('SIGTERM');
    const killing = setTimeout(() => this.signal('SIGKILL'), withinMs);
    const end = await this.ended;
    clearTimeout(killing);
    return end;
  }

  /** Closes the channel to it, as the death of this process would. */
  disconnect(): void {
    this.#child.disconnect();
  }
}
