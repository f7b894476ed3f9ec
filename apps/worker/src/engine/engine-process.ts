import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { z } from 'zod';
import { memoryComplaint, memoryKills, offerForMemory } from './out-of-memory.js';

const LAST_WORDS_CHARACTERS = 2000;

/** An engine's process ended while it was needed; the message says how, and what it last wrote. */
export class EngineDiedError extends Error {
  readonly code = 'engine_died';
}

/** An engine ended because it got no memory: another one would end the same way. */
export class EngineOutOfMemoryError extends Error {
  readonly code = 'out_of_memory';
}

/** An engine sent something that its protocol does not know. */
export class EngineProtocolError extends Error {
  readonly code = 'engine_protocol';
}

interface EngineOptions<Incoming extends z.ZodType> {
  /** The compiled script of the engine. */
  script: URL;
  /** What the engine may say; every message is parsed by it. */
  incoming: Incoming;
  environment: NodeJS.ProcessEnv;
  /** How long it may take to end when it is to stop, before it is killed. */
  stopMs?: number;
}

const STOP_MS = 2000;

/**
 * A child process that does the heavy work, so that the parent's event loop always answers: to Redis, which else
 * would take the job away, to cancel, and to signals. Messages both ways are typed, and parsed on arrival.
 */
export class EngineProcess<Incoming extends z.ZodType, Outgoing extends object> {
  readonly #child: ChildProcess;
  readonly #incoming: Incoming;
  readonly #stopMs: number;
  #listener: ((message: z.output<Incoming>) => void) | undefined;
  #waiting: z.output<Incoming>[] = [];
  readonly #memoryKillsBefore = memoryKills();
  #lastWords = '';
  #failure: Error | undefined;
  /** Resolves when the process has ended, with the reason as an error; never rejects. */
  readonly ended: Promise<Error>;

  constructor({ script, incoming, environment, stopMs = STOP_MS }: EngineOptions<Incoming>) {
    this.#incoming = incoming;
    this.#stopMs = stopMs;
    this.#child = fork(script, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    if (this.#child.pid !== undefined) offerForMemory(this.#child.pid);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.#child.on('message', (raw) => this.#receive(raw));
    // Not the child's own close event: Node.js does not emit it after the parent has closed the channel.
    const outputs = [this.#child.stdout, this.#child.stderr].flatMap((stream) =>
      stream ? [once(stream, 'close')] : [],
    );
    const exited = once(this.#child, 'exit');
    this.ended = Promise.race([
      Promise.all([exited, ...outputs]).then(([[code, signal]]) => this.#death(code, signal)),
      new Promise<Error>((resolve) => {
        this.#child.once('error', (error) =>
          resolve(new EngineDiedError(`the engine did not start: ${error.message}`)),
        );
      }),
    ]);
    exited.catch(() => undefined);
    // An engine that hangs in native code does not see that its worker is gone.
    const endWithWorker = () => this.#child.kill('SIGKILL');
    process.once('exit', endWithWorker);
    void this.ended.then(() => process.removeListener('exit', endWithWorker));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.connected;
  }

  /** Hands every message to `listener` from now on, those first that came before there was one. */
  listen(listener: (message: z.output<Incoming>) => void): void {
    this.#listener = listener;
    for (const message of this.#waiting.splice(0)) listener(message);
  }

  /** Sends a message; one to an engine that is gone is dropped, and `ended` tells. */
  send(message: Outgoing): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Ends the process: asks by closing the channel, and kills it when it does not answer. */
  async stop(stopMs = this.#stopMs): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), stopMs);
    await this.ended;
    clearTimeout(killing);
  }

  #receive(raw: unknown): void {
    const parsed = this.#incoming.safeParse(raw);
    if (!parsed.success) {
      this.#failure ??= new EngineProtocolError(`the engine sent a message nobody knows: ${parsed.error.message}`);
      this.#child.kill('SIGKILL');
    } else if (this.#listener) this.#listener(parsed.data);
    else this.#waiting.push(parsed.data);
  }

  #remember(text: string): void {
    this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
  }

  #death(code: number | null, signal: NodeJS.Signals | null): Error {
    if (this.#failure) return this.#failure;
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${String(code)}`;
    const words = this.#lastWords.trim();
    const kills = memoryKills();
    if (signal === 'SIGKILL' && kills !== this.#memoryKillsBefore) {
      return new EngineOutOfMemoryError(`the engine ${how}, and the system was out of memory`);
    }
    const hint = signal === 'SIGKILL' && kills === undefined ? ' (the system may be out of memory)' : '';
    const complaint = signal === 'SIGKILL' ? undefined : memoryComplaint(words);
    if (complaint) return new EngineOutOfMemoryError(`the engine ${how}, out of memory: ${complaint}`);
    return new EngineDiedError(`the engine ${how}${hint}${words ? `; it last said: ${words}` : ''}`);
  }
}
