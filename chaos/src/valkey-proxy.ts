import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';

/** The way from one process to Valkey, which can be cut, or held up: what was sent meanwhile arrives late. */
export class ValkeyProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What is done once the way is free again, in order; `undefined` while it is free. */
  #held: (() => void)[] | undefined;

  readonly #valkeyUrl: string;

  private constructor(valkeyUrl: string) {
    this.#valkeyUrl = valkeyUrl;
    const { hostname, port } = new URL(valkeyUrl);
    this.#server = createServer((client) => {
      const valkey = connect(Number(port), hostname);
      this.#join(client, valkey);
      this.#join(valkey, client);
    });
  }

  /** Opens a way to a Valkey on this machine, which need not be there all the time. */
  static async open(valkeyUrl: string): Promise<ValkeyProxy> {
    const proxy = new ValkeyProxy(valkeyUrl);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The address that the process is given instead of Valkey's own, with the password of that. */
  get url(): string {
    const url = new URL(this.#valkeyUrl);
    url.port = String(z.object({ port: z.int() }).parse(this.#server.address()).port);
    return url.href;
  }

  /** Breaks every connection; new ones come through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Holds up everything that is sent either way, until {@link flow}. */
  stall(): void {
    this.#held ??= [];
  }

  /** Delivers what was held up, also what was sent on connections that were given up meanwhile. */
  flow(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) deliver();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => this.#pass(() => to.writable && to.write(bytes)));
    from.on('error', () => undefined);
    from.once('close', () => {
      this.#sockets.delete(from);
      this.#pass(() => to.destroySoon());
    });
  }

  #pass(deliver: () => void): void {
    if (this.#held) this.#held.push(deliver);
    else deliver();
  }
}
