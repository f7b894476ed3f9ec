import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';

const LAST_WORDS_CHARACTERS = 4000;

/** What a service tells the stack once it is there. */
const readyMessage = z.union([
  z.object({ type: z.literal('listening'), url: z.string() }),
  z.object({ type: z.literal('ready'), worker: z.string() }),
]);

/** A service that ended when it should not have. */
export class ServiceDiedError extends Error {}

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

/** A process of the stack: an api or a worker. */
export class Service {
  readonly #child: ChildProcess;
  #lastWords = '';
  #stopping = false;
  /** When the process has ended: how, and why by its last words. */
  readonly #ended: Promise<ServiceDiedError>;

  constructor(
    readonly name: string,
    {
      script,
      environment,
      onOutput,
    }: { script: URL; environment: NodeJS.ProcessEnv; onOutput: (text: string) => void },
  ) {
    this.#child = fork(script, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
        onOutput(text);
      });
    }
    this.#ended = once(this.#child, 'close').then(
      ([code, signal]) =>
        new ServiceDiedError(`${name} ended (${signal ?? `exit code ${code}`}): ${reasonIn(this.#lastWords)}`),
    );
  }

  /** Throws {@link ServiceDiedError} when the process ends that was not asked to; never resolves. */
  async diedUnasked(): Promise<never> {
    const death = await this.#ended;
    if (!this.#stopping) throw death;
    return await new Promise<never>(() => undefined);
  }

  /** Resolves when the service says that it is there. Throws {@link ServiceDiedError} when it ends before. */
  async ready(): Promise<z.output<typeof readyMessage>> {
    const message = await Promise.race([
      once(this.#child, 'message').then(([raw]) => readyMessage.parse(raw)),
      this.#ended,
    ]);
    if (message instanceof Error) throw message;
    return message;
  }

  /** Ends the process in order; the service itself bounds how long that takes. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}
