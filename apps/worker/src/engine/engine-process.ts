import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { HangWatch, processorTimeOf } from './hang-watch.js';
import { CHANNEL_FD, MAX_MESSAGE_BYTES, MessageChannel } from './message-channel.js';
import { memoryComplaint, memoryKills, offerForMemory } from './out-of-memory.js';

const LAST_WORDS_CHARACTERS = 2000;

/** How much is said of what is wrong with a message. */
const FAULT_CHARACTERS = 500;

/** An engine's process ended while it was needed; the message says how, and what it last wrote. */
export class EngineDiedError extends Error {
  readonly code = 'engine_died';
}

/** `engine_hung`: an engine that owed an answer did nothing at all for minutes, or could not be killed. */
export class EngineHungError extends Error {
  readonly code = 'engine_hung';
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
  /** How the worker finds that it hangs; see {@link HangWatch}. */
  watch?: { looks: number; lookMs: number };
}

const STOP_MS = 2000;

/** How often the system is asked how many processes it has killed for memory. An engine of gigabytes takes seconds to end. */
const MEMORY_KILLS_MS = 3000;

/** How long a killed process may take to go; one that waits for a storage in the kernel may stay for as long as that. */
const KILL_MS = 60_000;

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
  readonly #watch: HangWatch;
  #killing: NodeJS.Timeout | undefined;
  readonly #abandoned = Promise.withResolvers<Error>();
  /** Resolves when the process has ended, or can be ended by nothing, with the reason as an error; never rejects. */
  readonly ended: Promise<Error>;

  constructor({ script, incoming, environment, stopMs = STOP_MS, watch }: EngineOptions<Incoming>) {
    this.#incoming = incoming;
    this.#stopMs = stopMs;
    this.#child = spawn(process.execPath, [...process.execArgv, fileURLToPath(script)], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const { pid } = this.#child;
    if (pid !== undefined) offerForMemory(pid);
    this.#watch = new HangWatch({ ...watch, processorTime: () => processorTimeOf(pid), onHang: () => this.#hang() });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.#channel = new MessageChannel(channelOf(this.#child), MAX_MESSAGE_BYTES);
    // What nobody has listened to by then nobody will; an unread channel would never close.
    this.#child.once('exit', () => this.#listener ?? this.#channel.close());
    const ended = new Promise<Error>((resolve) => {
      // Comes when all that the process wrote was read.
      this.#child.once('close', (code, signal) => resolve(this.#death(code, signal)));
      this.#child.once('error', (error) => resolve(new EngineDiedError(`the engine did not start: ${error.message}`)));
    });
    this.ended = Promise.race([ended, this.#abandoned.promise]);
    // An engine that hangs in native code does not see that its worker is gone.
    const endWithWorker = () => this.#child.kill('SIGKILL');
    process.once('exit', endWithWorker);
    void ended.then(() => {
      clearTimeout(this.#killing);
      process.removeListener('exit', endWithWorker);
    });
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

  /**
   * The engine owes an answer from now on, until what this returns is called. If it computes and says nothing for minutes
   * meanwhile it is killed, and `ended` has an {@link EngineHungError}.
   */
  expect(): () => void {
    return this.#watch.expect();
  }

  /** Sends a message; one to an engine that is gone is dropped, and `ended` reports. */
  send(message: Outgoing): void {
    this.#channel.send(message);
  }

  /** Ends the process: asks by closing the channel, and kills it when it does not answer. */
  async stop(stopMs = this.#stopMs): Promise<void> {
    this.#channel.close();
    const killing = setTimeout(() => this.#kill(), stopMs);
    await this.ended;
    clearTimeout(killing);
  }

  #receive(raw: unknown): void {
    this.#watch.alive();
    const parsed = this.#incoming.safeParse(raw);
    if (parsed.success) this.#listener?.(parsed.data);
    else this.#refuse(`a message nobody knows: ${parsed.error.message}`);
  }

  #refuse(what: string): void {
    this.#failure ??= new EngineProtocolError(`the engine sent ${what.slice(0, FAULT_CHARACTERS)}`);
    this.#channel.close();
    this.#kill();
  }

  #hang(): void {
    const what =
      'the engine did nothing for minutes and was ended: it waits for a storage or a device that does not answer';
    this.#failure ??= new EngineHungError(what);
    this.#channel.close();
    this.#kill();
  }

  #kill(): void {
    this.#child.kill('SIGKILL');
    this.#killing ??= setTimeout(() => {
      const what = 'the engine cannot be killed, and is left: it waits for a storage or a device that does not answer';
      this.#abandoned.resolve(this.#failure ?? new EngineHungError(what));
    }, KILL_MS).unref();
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
