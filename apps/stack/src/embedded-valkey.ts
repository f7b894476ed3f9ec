import { startValkey, type ValkeyServer } from '@glyphmill/runtimes';
import { type Part, PartDiedError } from './part.js';

/** The stack's own Valkey, on a free port unless one is given; each write is on the disk before it is answered. */
export class EmbeddedValkey implements Part<ValkeyServer> {
  readonly ready: Promise<ValkeyServer>;
  readonly ended: Promise<PartDiedError>;

  constructor(directory: string, port: number | undefined) {
    this.ready = startValkey({ directory, persistence: 'always', ...(port === undefined ? {} : { port }) });
    this.ended = this.ready.then(
      async (server) => new PartDiedError(`Valkey ended; it last said: ${(await server.ended).split('\n').at(-1)}`),
      (error: unknown) => new PartDiedError(`Valkey did not start: ${String(error)}`),
    );
  }

  async stop(): Promise<void> {
    await this.ready.then(
      (server) => server.stop(),
      () => undefined,
    );
  }

  /** It ends with this process. */
  abandon(): void {}
}
