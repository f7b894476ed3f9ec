import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { type Part, PartDiedError } from './part.js';

const LAST_WORDS_CHARACTERS = 4000;

/** What a service tells the stack once it is there. */
const readyMessage = z.union([
  z.object({ type: z.literal('listening'), url: z.string() }),
  z.object({ type: z.literal('ready'), worker: z.string() }),
]);

export type ServiceReady = z.output<typeof readyMessage>;

interface ServiceOptions {
  script: URL;
  environment: NodeJS.ProcessEnv;
  onOutput: (text: string) => void;
  /** How long it may take to end in order before it is killed. */
  stopMs: number;
  /** What ends it at once, with all that it started. */
  lastSignal: NodeJS.Signals;
}

const logLine = z.object({ level: z.number(), msg: z.string() });
const FATAL = 60;

/** Why a service ended, of what it said last: what it did not log, and what it logged as fatal. */
export function reasonIn(lastWords: string): string {
  const lines = lastWords.trim().split('\n');
  const telling = lines.flatMap((line) => {
    if (!line.startsWith('{')) return [line];
    const logged = logLine.safeParse(parseJson(line)).data;
    return logged && logged.level >= FATAL ? [logged.msg] : [];
  });
  return (telling.length > 0 ? telling : lines.slice(-1)).join('\n');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An api or a worker of the stack. */
export class Service implements Part<ServiceReady> {
  readonly #child: ChildProcess;
  readonly #options: ServiceOptions;
  #lastWords = '';
  readonly ready: Promise<ServiceReady>;
  readonly ended: Promise<PartDiedError>;

  constructor(name: string, options: ServiceOptions) {
    const { script, environment, onOutput } = options;
    this.#options = options;
    const child = fork(script, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
        onOutput(text);
      });
    }
    this.ended = once(child, 'close').then(
      ([code, signal]) => {
        const reason = reasonIn(this.#lastWords);
        return new PartDiedError(`${name} ended (${signal ?? `exit code ${code}`})${reason && `: ${reason}`}`);
      },
      (error: unknown) => new PartDiedError(`${name} did not start: ${String(error)}`),
    );
    this.ready = Promise.race([
      once(child, 'message').then(([raw]) => readyMessage.parse(raw)),
      this.ended.then((death) => Promise.reject(death)),
    ]);
    this.ready.catch(() => undefined);
  }

  /** Ends the process in order. The service itself bounds how long that takes; one that cannot is killed. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), this.#options.stopMs);
    await this.ended;
    clearTimeout(killing);
  }

  abandon(): void {
    this.#child.kill(this.#options.lastSignal);
  }
}
