import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../problem/problem.js';

/** What the checks of {@link HostCheck} go by. */
export interface HostNames {
  /** Where the API listens, as HOST says. */
  host: string;
  /** The names of ALLOWED_HOSTS: `mill.example`, `.example` for it and all names below it, `*` for any. */
  allowedHosts: readonly string[];
}

/**
 * Tells what comes from this server's own pages, or from no page, from what a page of another site sent.
 *
 * A page whose own name is made to lead to this machine (DNS rebinding) is of the same origin for its browser, and could
 * read and change everything; its name in `Host` gives it away. No name is needed to reach an address that is written as
 * numbers, and `localhost` always leads to the browser's own machine, so these are safe whatever the server listens on.
 */
export class HostCheck {
  /** Names of this server that people gave it, `*` not among them. */
  readonly #allowed: readonly string[];
  /** All names that may stand in `Host`; `undefined`: any. */
  readonly #known: readonly string[] | undefined;

  constructor({ host, allowedHosts }: HostNames) {
    this.#allowed = allowedHosts.filter((name) => name !== '*');
    const own = isIP(host) === 0 ? [host.toLowerCase()] : [];
    this.#known = allowedHosts.includes('*') ? undefined : ['.localhost', ...own, ...this.#allowed];
  }

  /** Throws the problem `unknown_host`; without a `Host`, as in HTTP/1.0, there is no browser. */
  checkHost({ host }: IncomingHttpHeaders): void {
    if (host === undefined || this.#isKnown(nameIn(`http://${host}`))) return;
    throw new Problem(
      'unknown_host',
      `This server is not known as ${JSON.stringify(host)}. Use its address or localhost, or add the name to ALLOWED_HOSTS.`,
    );
  }

  /**
   * Throws the problem `cross_origin` for what a browser sends from a page of another origin. That is one whose host and
   * port are not those of `Host`; behind a proxy that does not pass `Host` on, one whose name is not in ALLOWED_HOSTS.
   * Following a link to this server is no such request.
   */
  checkOrigin(method: string, headers: IncomingHttpHeaders): void {
    const { origin } = headers;
    const isOwn = origin === undefined ? !isFetchedElsewhere(method, headers) : this.#isOwnOrigin(origin, headers.host);
    if (isOwn) return;
    const from = origin === undefined ? 'a page of another site' : JSON.stringify(origin);
    throw new Problem(
      'cross_origin',
      `The request comes from ${from}. Browsers may use this server from its own pages only; other programs send no Origin. ` +
        'If a proxy serves these pages under that name, add it to ALLOWED_HOSTS.',
    );
  }

  #isOwnOrigin(origin: string, host: string | undefined): boolean {
    const url = URL.parse(origin);
    if (!url || !/^https?:$/u.test(url.protocol) || url.origin !== origin.toLowerCase()) return false;
    if (host !== undefined && isSameAuthority(url, host)) return true;
    // Behind a proxy that passes another Host on. `*` says which hosts may be asked for, not who may ask.
    return url.port === '' && isAmong(url.hostname, this.#allowed);
  }

  #isKnown(name: string | undefined): boolean {
    if (this.#known === undefined) return true;
    return name !== undefined && (isAddress(name) || isAmong(name, this.#known));
  }
}

/** Whether a host is written as numbers; those of version 6 stand in brackets. */
function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[(.*)\]$/u, '$1')) !== 0;
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.some((each) => (each.startsWith('.') ? name.endsWith(each) || name === each.slice(1) : name === each));
}

/** The host of an address in lower case and without the dot of the root; `undefined` if there is more than a host. */
function nameIn(address: string): string | undefined {
  const url = URL.parse(address);
  if (!url || url.pathname !== '/' || `${url.username}${url.password}${url.search}${url.hash}` !== '') return undefined;
  return url.hostname.replace(/\.$/u, '');
}

function isSameAuthority(origin: URL, host: string): boolean {
  return URL.parse(`${origin.protocol}//${host}`)?.host === origin.host;
}

/**
 * Whether a browser says of a request without an `Origin` that a page of elsewhere sent it, such as an image or a script
 * of that page. https://www.w3.org/TR/fetch-metadata/
 */
function isFetchedElsewhere(method: string, headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const isFollowedLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return !(isFollowedLink && (method === 'GET' || method === 'HEAD'));
}
