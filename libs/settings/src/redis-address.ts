import { z } from 'zod';
import { secret } from './secret.js';

const REMEDY =
  'with the password between ":" and "@", and each "/", "?", "#", "@", "%" or ":" in it written as %2F, %3F, %23, %40, ' +
  '%25 or %3A';

/**
 * The address of a Redis or Valkey, `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]` or `rediss://…` for TLS, in its
 * normal form. Whatever a client could read in another way is refused: `redis:/u:p@h` as the path of a socket, `REDISS:`
 * as an address without TLS, a password's "/" as the end of the host.
 *
 * @param purpose what the refusal adds, such as `the worker needs one`
 */
export function redisAddress(purpose: string): z.ZodType<string, string> {
  const allowed = 'a redis:// or rediss:// address';
  return secret(
    z.string(`${allowed}; ${purpose}`).transform((text, context) => {
      const address = parsedAddress(text);
      if (address) return address;
      context.addIssue({ code: 'custom', message: `${allowed}, such as redis://HOST:6379, ${REMEDY}; ${purpose}` });
      return z.NEVER;
    }),
  );
}

function parsedAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^rediss?:$/u.test(url.protocol) || url.hostname === '') return undefined;
  // An "@" behind the host is a password that was cut in two.
  if (!/^(?:\/\d*)?$/u.test(url.pathname) || url.hash !== '' || url.search.includes('@')) return undefined;
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return undefined;
  }
  return url.href;
}

/**
 * An address that {@link redisAddress} accepted, without user, password and options: `redis://mill:6380/1`. For people to
 * read; it says nothing of an address of any other form.
 */
export function shownAddress(address: string): string {
  const url = URL.parse(parsedAddress(address) ?? '');
  return url ? `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}` : '(not shown)';
}
