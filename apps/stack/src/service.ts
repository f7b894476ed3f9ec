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

/** A process of the stack: an api or a worker. */
export class Service {
  readonly #child: ChildProcess;
  #lastWords = '';
  #stopping = false;
  /** Resolves when the process has ended, with how and with its last words. */
  readonly ended: Promise<ServiceDiedError>;

  constructor(
    readonly name: string,
    { script, environment, onOutput }: { script: URL; environment: NodeJS.ProcessEnv; onOutput: (text: string) => void },
  ) {
    this.#child = fork(script, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
        onOutput(text);
      });
    }
    this.ended = once(this.#child, 'close').then(
      ([code, signal]) => new ServiceDiedError(`${name} ended (${signal ?? `exit code ${code}`}): ${this.#lastWords.trim()}`),
    );
  }

  /** Whether the process was asked to end. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Resolves when the service says that it is there. Throws {@link ServiceDiedError} when it ends before. */
  async ready(): Promise<z.output<typeof readyMessage>> {
    const message = await Promise.race([
      once(this.#child, 'message').then(([raw]) => readyMessage.parse(raw)),
      this.ended,
    ]);
    if (message instanceof Error) throw message;
    return message;
  }

  /** Ends the process in order; the service itself bounds how long that takes. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}
