import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { CHANNEL_FD, MAX_MESSAGE_BYTES, MessageChannel } from './message-channel.js';
import { memoryComplaint, memoryKills, offerForMemory } from './out-of-memory.js';

const LAST_WORDS_CHARACTERS = 2000;

/** How much is said of what is wrong with a message. */
const FAULT_CHARACTERS = 500;

/** An engine's process ended while it was needed; the message says how, and what it last wrote. */
export class EngineDiedError extends Error {
  readonly code = 'engine_died';
}

/** An engine ended because it got no memory: another one would end the same way. */
export class EngineOutOfMemoryError extends Error {
  readonly code = 'out_of_memory';
}

/** An engine sent something that its protocol does not know, or that is no message at all. */
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

/** How often the system is asked how many processes it has killed for memory. An engine of gigabytes takes seconds to end. */
const MEMORY_KILLS_MS = 3000;

/**
 * A child process that does the heavy work, so that the parent's event loop always answers: to Redis, which else
 * would take the job away, to cancel, and to signals. Messages both ways are typed, and parsed on arrival. Whatever the
 * engine sends, the parent survives it: an engine that sends what cannot be read is ended.
 */
export class EngineProcess<Incoming extends z.ZodType, Outgoing extends object> {
  readonly #child: ChildProcess;
  readonly #channel: MessageChannel;
  readonly #incoming: Incoming;
  readonly #stopMs: number;
  #listener: ((message: z.output<Incoming>) => void) | undefined;
  #memoryKillsBefore = memoryKills();
  #lastWords = '';
  #failure: Error | undefined;
  /** Resolves when the process has ended, with the reason as an error; never rejects. */
  readonly ended: Promise<Error>;

  constructor({ script, incoming, environment, stopMs = STOP_MS }: EngineOptions<Incoming>) {
    this.#incoming = incoming;
    this.#stopMs = stopMs;
    this.#child = spawn(process.execPath, [...process.execArgv, fileURLToPath(script)], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    if (this.#child.pid !== undefined) offerForMemory(this.#child.pid);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.#channel = new MessageChannel(channelOf(this.#child), MAX_MESSAGE_BYTES);
    // What nobody has listened to by then nobody will; an unread channel would never close.
    this.#child.once('exit', () => this.#listener ?? this.#channel.close());
    this.ended = new Promise<Error>((resolve) => {
      // Comes when all that the process wrote was read.
      this.#child.once('close', (code, signal) => resolve(this.#death(code, signal)));
      this.#child.once('error', (error) => resolve(new EngineDiedError(`the engine did not start: ${error.message}`)));
    });
    // An engine that hangs in native code does not see that its worker is gone.
    const endWithWorker = () => this.#child.kill('SIGKILL');
    process.once('exit', endWithWorker);
    void this.ended.then(() => process.removeListener('exit', endWithWorker));
    this.#watchMemoryKills();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#channel.isOpen;
  }

  /** Hands every message to `listener` from now on, those first that came before there was one. */
  listen(listener: (message: z.output<Incoming>) => void): void {
    const isReading = this.#listener !== undefined;
    this.#listener = listener;
    if (isReading) return;
    this.#channel.listen(
      (raw) => this.#receive(raw),
      ({ message }) => this.#refuse(message),
    );
  }

  /** Sends a message; one to an engine that is gone is dropped, and `ended` tells. */
  send(message: Outgoing): void {
    this.#channel.send(message);
  }

  /** Ends the process: asks by closing the channel, and kills it when it does not answer. */
  async stop(stopMs = this.#stopMs): Promise<void> {
    this.#channel.close();
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), stopMs);
    await this.ended;
    clearTimeout(killing);
  }

  #receive(raw: unknown): void {
    const parsed = this.#incoming.safeParse(raw);
    if (parsed.success) this.#listener?.(parsed.data);
    else this.#refuse(`a message nobody knows: ${parsed.error.message}`);
  }

  #refuse(what: string): void {
    this.#failure ??= new EngineProtocolError(`the engine sent ${what.slice(0, FAULT_CHARACTERS)}`);
    this.#channel.close();
    this.#child.kill('SIGKILL');
  }

  /** Only kills of the last moments can be this engine's: others may have been killed for memory long before. */
  #watchMemoryKills(): void {
    let latest = this.#memoryKillsBefore;
    const looking = setInterval(() => {
      this.#memoryKillsBefore = latest;
      latest = memoryKills();
    }, MEMORY_KILLS_MS);
    looking.unref();
    void this.ended.then(() => clearInterval(looking));
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

function channelOf({ stdio }: ChildProcess): Duplex {
  const channel = stdio[CHANNEL_FD];
  if (channel instanceof Duplex) return channel;
  throw new TypeError('An engine is started with a channel.');
}
