import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';

/** A way to Redis that breaks at a moment of the protocol. */
export class SeveringProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections to Redis on which nothing more is sent. */
  readonly #cutShort = new WeakSet<Socket>();
  #beforeEnd: { command: string; reached: () => void } | undefined;
  #atAnswer: { pattern: RegExp; reached: () => void } | undefined;

  readonly #redisUrl: string;

  private constructor(redisUrl: string) {
    this.#redisUrl = redisUrl;
    const { hostname, port } = new URL(redisUrl);
    this.#server = createServer((client) => {
      const redis = connect(Number(port), hostname);
      for (const socket of [client, redis]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      client.once('close', () => redis.destroySoon());
      redis.once('close', () => client.destroySoon());
      client.on('data', (bytes) => this.#toRedis(bytes, redis));
      redis.on('data', (bytes) => this.#toClient(bytes, client));
    });
  }

  /** Opens a way to the Redis at an address. */
  static async open(redisUrl: string): Promise<SeveringProxy> {
    const proxy = new SeveringProxy(redisUrl);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const url = new URL(this.#redisUrl);
    url.port = String(z.object({ port: z.int() }).parse(this.#server.address()).port);
    return url.href;
  }

  /** Never delivers the last bytes of a command, nor anything after them; what was sent before arrives. */
  beforeEndOf(command: string): Promise<void> {
    return new Promise((reached) => {
      this.#beforeEnd = { command: `$${command.length}\r\n${command}\r\n`, reached };
    });
  }

  /** Cuts every connection when Redis next answers like that: it did what it was asked, and nobody hears of it. */
  atAnswer(pattern = /^/u): Promise<void> {
    return new Promise((reached) => (this.#atAnswer = { pattern, reached }));
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #toRedis(bytes: Buffer, redis: Socket): void {
    if (this.#cutShort.has(redis)) return;
    const beforeEnd = this.#beforeEnd;
    if (!beforeEnd || !bytes.includes(beforeEnd.command)) {
      redis.write(bytes);
      return;
    }
    this.#beforeEnd = undefined;
    this.#cutShort.add(redis);
    redis.write(bytes.subarray(0, -2), () => beforeEnd.reached());
  }

  #toClient(bytes: Buffer, client: Socket): void {
    const cutting = this.#atAnswer;
    if (!cutting?.pattern.test(bytes.toString('latin1'))) {
      client.write(bytes);
      return;
    }
    this.#atAnswer = undefined;
    this.cut();
    cutting.reached();
  }
}
