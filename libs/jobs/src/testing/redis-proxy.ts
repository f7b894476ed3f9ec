import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { CommandSplitter } from './command-splitter.js';

/** A command that something happens at. */
interface Trap {
  /** Looked for in the command as it is sent, each byte a character. */
  pattern: RegExp;
  /** How often it must still come. */
  left: number;
  /** How much of the command itself is sent before its connection is held. */
  passed: 'nothing' | 'all but its end' | 'all';
  reached: () => void;
}

/**
 * One process's way to Redis. It can be cut while other processes reach Redis, slowed down, held from a given command
 * on, and broken at a given moment of the protocol: whatever the process does meanwhile, and however slow the test is,
 * what the test waits for cannot be over before the test acts.
 */
export class RedisProxy {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isRefusing = false;
  /** What is done once the way is free again, in order; `undefined` while it is free. */
  #stalled: (() => void)[] | undefined;
  #trap: Trap | undefined;
  /** What is sent on once nothing is held any more, by the connection to Redis that it is for. */
  readonly #held = new Map<Socket, Buffer[]>();
  #isHolding = false;
  #answer: { pattern: RegExp; reached: () => void } | undefined;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Opens a way to the Redis at an address, which need not be reachable all the time. */
  static async to(redisUrl: string): Promise<RedisProxy> {
    const proxy = new RedisProxy(new URL(redisUrl));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The address that the process is given instead of Redis's own, with the password of that. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Lets the nth command with a pattern through, and holds the connection that it came on. Resolves when it came. */
  holdAfter(pattern: RegExp, nth = 1): Promise<void> {
    return this.#setTrap(pattern, nth, 'all');
  }

  /** Holds the nth command with a pattern, and what follows on its connection. Resolves when it came. */
  holdFrom(pattern: RegExp, nth = 1): Promise<void> {
    return this.#setTrap(pattern, nth, 'nothing');
  }

  /** Delivers a command except its last bytes, and holds what follows on its connection. Resolves when it came. */
  holdBeforeEndOf(pattern: RegExp): Promise<void> {
    return this.#setTrap(pattern, 1, 'all but its end');
  }

  /** Sends what was held, except what came on a connection that was closed meanwhile. */
  release(): void {
    this.#isHolding = false;
    const held = [...this.#held];
    this.#held.clear();
    for (const [redis, commands] of held) for (const bytes of commands) redis.write(bytes);
  }

  /** Cuts every connection at the next such answer: Redis did what it was asked, and the process never hears of it. */
  cutAtAnswer(pattern = /^/u): Promise<void> {
    return new Promise((reached) => (this.#answer = { pattern, reached }));
  }

  /** Cuts every connection, with what was held on it; new ones come through. */
  cut(): void {
    this.#isHolding = false;
    this.#held.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts every connection, and new ones too until {@link restore}. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  restore(): void {
    this.#isRefusing = false;
  }

  /** Holds up everything that is sent either way, until {@link flow}. */
  stall(): void {
    this.#stalled ??= [];
  }

  /** Delivers what was held up, even what was sent on connections that were closed meanwhile. */
  flow(): void {
    const stalled = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const deliver of stalled) deliver();
  }

  close(): void {
    this.refuse();
    this.#server.close();
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const redis = connect(Number(this.#target.port), this.#target.hostname);
    // A connection that replaces a held one must not get past it.
    if (this.#isHolding) this.#held.set(redis, []);
    const commands = new CommandSplitter();
    this.#join(client, redis, (bytes) => {
      for (const command of commands.push(bytes)) this.#toRedis(command, redis);
    });
    this.#join(redis, client, (bytes) => this.#toClient(bytes, client));
    redis.once('close', () => this.#held.delete(redis));
  }

  #join(from: Socket, to: Socket, send: (bytes: Buffer) => void): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => this.#pass(() => send(bytes)));
    from.on('error', () => undefined);
    from.once('close', () => {
      this.#sockets.delete(from);
      this.#pass(() => to.destroySoon());
    });
  }

  #pass(deliver: () => void): void {
    if (this.#stalled) this.#stalled.push(deliver);
    else deliver();
  }

  #setTrap(pattern: RegExp, left: number, passed: Trap['passed']): Promise<void> {
    return new Promise((reached) => (this.#trap = { pattern, left, passed, reached }));
  }

  #toRedis(command: Buffer, redis: Socket): void {
    const held = this.#held.get(redis);
    if (held) {
      held.push(command);
      return;
    }
    const trap = this.#trap;
    if (!trap?.pattern.test(command.toString('latin1')) || (trap.left -= 1) > 0) {
      if (redis.writable) redis.write(command);
      return;
    }
    this.#trap = undefined;
    this.#isHolding = true;
    const passed = { nothing: 0, 'all but its end': command.length - 2, all: command.length }[trap.passed];
    this.#held.set(redis, passed < command.length ? [command.subarray(passed)] : []);
    if (passed > 0) redis.write(command.subarray(0, passed), () => trap.reached());
    else trap.reached();
  }

  #toClient(bytes: Buffer, client: Socket): void {
    const answer = this.#answer;
    if (!answer?.pattern.test(bytes.toString('latin1'))) {
      if (client.writable) client.write(bytes);
      return;
    }
    this.#answer = undefined;
    this.cut();
    answer.reached();
  }
}
