import { expect, test } from 'vitest';
import { type Part, PartDiedError } from './part.js';
import { Supervisor } from './supervisor.js';

/** A part whose life a test decides. */
class ScriptedPart implements Part<string> {
  readonly #ready = Promise.withResolvers<string>();
  readonly #ended = Promise.withResolvers<PartDiedError>();
  readonly ready = this.#ready.promise;
  readonly ended = this.#ended.promise;

  constructor(readonly before: string | undefined) {
    this.ready.catch(() => undefined);
  }

  serve(as: string): void {
    this.#ready.resolve(as);
  }

  die(why: string): void {
    this.#ready.reject(new PartDiedError(why));
    this.#ended.resolve(new PartDiedError(why));
  }

  async stop(): Promise<void> {
    this.die('stopped');
  }

  abandon(): void {
    this.die('abandoned');
  }
}

/** A supervisor, and its parts and lines as they come. */
function supervise({ restarts = true } = {}) {
  const parts: ScriptedPart[] = [];
  const lines: string[] = [];
  let changed = Promise.withResolvers<void>();
  const add = <Item>(list: Item[], item: Item) => {
    list.push(item);
    changed.resolve();
    changed = Promise.withResolvers();
    return item;
  };
  const supervisor = new Supervisor<string>({
    name: 'api',
    start: (before) => add(parts, new ScriptedPart(before)),
    onTrouble: restarts ? (line) => add(lines, line) : undefined,
  });
  const nth = async <Item>(list: Item[], count: number): Promise<Item> => {
    while (list.length < count) await changed.promise;
    return list[count - 1]!;
  };
  return { supervisor, parts, lines, part: (n: number) => nth(parts, n), line: (n: number) => nth(lines, n) };
}

test('a part that cannot start at all is not tried again', async () => {
  const { supervisor, parts, lines, part } = supervise();
  const starting = supervisor.start();
  (await part(1)).die('PORT is taken');
  await expect(starting).rejects.toThrow('PORT is taken');
  expect({ parts: parts.length, lines }).toEqual({ parts: 1, lines: [] });
});

test('a part that dies comes back where it was, even if that takes several starts', async () => {
  const { supervisor, parts, lines, part, line } = supervise();
  const starting = supervisor.start();
  parts[0]!.serve('port 1');
  expect(await starting).toBe('port 1');
  parts[0]!.die('api ended:\n  no such file\n');
  expect(await line(1)).toBe('api ended: no such file; it starts again in 0.5 s');
  (await part(2)).die('no luck');
  expect(await line(2)).toBe('no luck; it starts again in 1 s');
  const third = await part(3);
  third.serve('port 1 again');
  expect(await line(3)).toMatch(/^api is back after \d+\.\d s$/u);
  third.die('once more');
  (await part(4)).serve('');
  expect(lines[3]).toBe('once more; it starts again in 2 s');
  expect(parts.map(({ before }) => before)).toEqual([undefined, 'port 1', 'port 1', 'port 1 again']);
  await supervisor.stop();
});

test('a part that is stopped stays stopped, also in the middle of its back-off', async () => {
  const serving = supervise();
  const starting = serving.supervisor.start();
  serving.parts[0]!.serve('');
  await starting;
  await serving.supervisor.stop();
  expect({ parts: serving.parts.length, lines: serving.lines }).toEqual({ parts: 1, lines: [] });

  const waiting = supervise();
  const startingToo = waiting.supervisor.start();
  waiting.parts[0]!.serve('');
  await startingToo;
  waiting.parts[0]!.die('gone');
  await waiting.line(1);
  await waiting.supervisor.stop();
  expect(waiting.parts).toHaveLength(1);
});

test('if nothing is restarted, the death is told to whoever asks', async () => {
  const { supervisor, parts } = supervise({ restarts: false });
  const starting = supervisor.start();
  parts[0]!.serve('');
  await starting;
  parts[0]!.die('gone');
  await expect(supervisor.untilDead()).rejects.toThrow('gone');
});
