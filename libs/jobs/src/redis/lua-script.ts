import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A value that a script is given. */
type LuaValue = string | number | Buffer;

interface LuaScriptOptions<Key extends string, Arg extends string> {
  /** The names of its keys, which its text reads as `key.NAME`. */
  keys: readonly Key[];
  /** The names of its arguments, which its text reads as `arg.NAME`. */
  args?: readonly Arg[];
  /**
   * For scripts that keep or end what is under way: Redis (7.0 or later) runs them even when it holds as much as
   * `maxmemory` allows, since what they would write is small and refusing it would throw work away.
   */
  atFullMemory?: boolean;
}

interface LuaCall<Key extends string, Arg extends string> {
  keys: Record<Key, string>;
  args: Record<Arg, LuaValue>;
  /** Keys after the named ones, from `KEYS[moreKeys]` on. */
  moreKeys?: string[];
  /** Arguments after the named ones, from `ARGV[moreArgs]` on. */
  moreArgs?: LuaValue[];
}

/** A script that Redis runs as one step, with named keys and arguments. Everything that it writes has one hash tag. */
export class LuaScript<Key extends string, Arg extends string = never> {
  readonly #text: string;
  readonly #sha1: string;
  readonly #keys: readonly Key[];
  readonly #args: readonly Arg[];

  constructor({ keys, args = [], atFullMemory = false }: LuaScriptOptions<Key, Arg>, body: string) {
    this.#keys = keys;
    this.#args = args;
    const names = `local key = ${luaTable(keys, 'KEYS')}
local arg = ${luaTable(args, 'ARGV')}
local moreKeys, moreArgs = ${keys.length + 1}, ${args.length + 1}
`;
    this.#text = `${atFullMemory ? '#!lua flags=allow-oom\n' : ''}${names}${body}`;
    this.#sha1 = createHash('sha1').update(this.#text).digest('hex');
  }

  /** Runs the script; its text travels only if the server does not know it yet. */
  async run(redis: Redis, { keys, args, moreKeys = [], moreArgs = [] }: LuaCall<Key, Arg>): Promise<unknown> {
    const allKeys = [...this.#keys.map((name) => keys[name]), ...moreKeys];
    const values = [...allKeys, ...this.#args.map((name) => args[name]), ...moreArgs];
    try {
      return await redis.evalsha(this.#sha1, allKeys.length, ...values);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.eval(this.#text, allKeys.length, ...values);
    }
  }
}

/** A Lua table of names for the places of another. */
function luaTable(names: readonly string[], places: 'KEYS' | 'ARGV'): string {
  return `{ ${names.map((name, place) => `['${name}'] = ${places}[${place + 1}]`).join(', ')} }`;
}
