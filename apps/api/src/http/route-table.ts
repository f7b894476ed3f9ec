import type { FastifyInstance } from 'fastify';
import findMyWay from 'find-my-way';

/** Which methods each address takes, learnt from the routes themselves while they are registered. */
export class RouteTable {
  readonly #router = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER });
  readonly #methods = new Map<string, Set<string>>();

  /** Learns every route that is registered from now on. */
  static of(fastify: Pick<FastifyInstance, 'addHook'>): RouteTable {
    const table = new RouteTable();
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) table.#add(one, url);
    });
    return table;
  }

  /** The value of `Allow` for a path, such as `DELETE, GET, HEAD, OPTIONS`; `undefined` if no route has this path. */
  allowed(path: string): string | undefined {
    const found = this.#router.find('GET', path);
    if (!found) return undefined;
    return [...methodsOf(found.store), 'OPTIONS']
      .map(String)
      .toSorted((a, b) => a.localeCompare(b))
      .join(', ');
  }

  #add(method: string, url: string): void {
    const known = this.#methods.get(url);
    if (known) {
      known.add(method);
      return;
    }
    const methods = new Set([method]);
    this.#methods.set(url, methods);
    this.#router.on('GET', url, () => undefined, methods);
  }
}

function methodsOf(store: unknown): Set<unknown> {
  return store instanceof Set ? store : new Set();
}
