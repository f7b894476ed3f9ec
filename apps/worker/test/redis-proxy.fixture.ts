import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What a held connection waits for: something that its process sends. */
interface Gate {
  pattern: RegExp;
  /** How often the pattern must still come. */
  left: number;
  /** Whether the message with the pattern itself is held too. */
  holdsIt: boolean;
  reached: () => void;
}

/**
 * One process's connections to Redis. They can be cut while other processes reach Redis, and they can be held from a
 * given message on: whatever the process does meanwhile, its job cannot end before the test lets it, however fast the
 * process is and however slow the test.
 */
export class RedisProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  /** What is sent on once nothing is held any more, by the connection that it came on. */
  readonly #held = new Map<Socket, Buffer[]>();
  #gate: Gate | undefined;
  #isHolding = false;
  #isCut = false;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => {
      if (this.#isCut) {
        client.destroy();
        return;
      }
      const redis = connect(Number(target.port), target.hostname);
      // A connection that replaces a held one must not get past it.
      if (this.#isHolding) this.#held.set(redis, []);
      for (const [one, other] of [
        [client, redis],
        [redis, client],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#sockets.delete(one);
          this.#held.delete(one);
          other.destroy();
        });
      }
      client.on('data', (bytes) => this.#toRedis(bytes, redis));
      redis.pipe(client);
    });
  }

  static async to(redisUrl: string): Promise<RedisProxy> {
    const proxy = new RedisProxy(new URL(redisUrl));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return url.href;
  }

  /** Lets the nth message with a pattern through, and holds the connection that it came on. Resolves when it came. */
  holdAfter(pattern: RegExp, nth = 1): Promise<void> {
    return this.#hold(pattern, nth, false);
  }

  /** Holds the nth message with a pattern, and what follows on its connection. Resolves when it came. */
  holdFrom(pattern: RegExp, nth = 1): Promise<void> {
    return this.#hold(pattern, nth, true);
  }

  /** Sends on what was held. */
  release(): void {
    this.#isHolding = false;
    const held = [...this.#held];
    this.#held.clear();
    for (const [redis, messages] of held) for (const bytes of messages) redis.write(bytes);
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #hold(pattern: RegExp, left: number, holdsIt: boolean): Promise<void> {
    return new Promise((reached) => {
      this.#gate = { pattern, left, holdsIt, reached };
    });
  }

  #toRedis(bytes: Buffer, redis: Socket): void {
    const held = this.#held.get(redis);
    if (held) {
      held.push(bytes);
      return;
    }
    const gate = this.#gate;
    if (!gate?.pattern.test(bytes.toString('latin1')) || (gate.left -= 1) > 0) {
      redis.write(bytes);
      return;
    }
    this.#gate = undefined;
    this.#isHolding = true;
    this.#held.set(redis, gate.holdsIt ? [bytes] : []);
    if (!gate.holdsIt) redis.write(bytes);
    gate.reached();
  }
}
