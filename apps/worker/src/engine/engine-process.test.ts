import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { EngineDiedError, EngineHungError, EngineProcess, EngineProtocolError } from './engine-process.js';
import { limitMemory } from './memory-limit.fixture.js';

const said = z.object({ type: z.literal('said'), words: z.string() });
type Engine = EngineProcess<typeof said, { ask: string }>;

const started: Engine[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((engine) => engine.stop(0)));
});

function start(
  does: string,
  script = new URL('scripted-engine.fixture.ts', import.meta.url),
  environment: NodeJS.ProcessEnv = {},
): Engine {
  const engine: Engine = new EngineProcess({
    script,
    incoming: said,
    environment: { PATH: process.env['PATH'], ENGINE_DOES: does, ...environment },
  });
  started.push(engine);
  return engine;
}

/** What ended an engine that sent something wrong to a parent that listens. */
async function failureOf(does: string): Promise<Error> {
  const engine = start(does);
  engine.listen(() => undefined);
  const failure = await engine.ended;
  expect(failure).toBeInstanceOf(EngineProtocolError);
  return failure;
}

/** Collects what the engine says, until it has said so many things. */
async function listenFor(engine: Engine, count: number): Promise<string[]> {
  const words: string[] = [];
  return await new Promise((resolve) => {
    engine.listen((message) => {
      words.push(message.words);
      if (words.length === count) resolve(words);
    });
  });
}

test('an engine that dies reports how, and what it last wrote', async () => {
  const death = await start('die').ended;
  expect(death).toBeInstanceOf(EngineDiedError);
  expect(death).toMatchObject({
    code: 'engine_died',
    message: 'the engine ended with exit code 3; it last said: no such tensor',
  });
});

test('an engine that is killed reports the signal', async () => {
  const engine = start('answer');
  await listenFor(engine, 2);
  process.kill(engine.pid!, 'SIGKILL');
  expect(await engine.ended).toMatchObject({
    code: 'engine_died',
    message: expect.stringMatching(/ended by SIGKILL/u),
  });
  expect(engine.isAlive).toBe(false);
});

test.runIf(process.platform === 'linux')('where Linux must kill for memory, it takes an engine first', () => {
  const engine = start('answer');
  expect(readFileSync(`/proc/${engine.pid}/oom_score_adj`, 'utf8')).toBe('500\n');
});

test('an engine whose heap is full reports that it was out of memory', async () => {
  const engine = start('heap', undefined, { NODE_OPTIONS: '--max-old-space-size=32' });
  expect(await engine.ended).toMatchObject({
    code: 'out_of_memory',
    message: expect.stringMatching(/ended by SIGABRT, out of memory: FATAL ERROR: .*heap out of memory$/u),
  });
});

test('an engine that Linux kills for memory says so', async ({ skip }) => {
  const limit = limitMemory(256 * 2 ** 20);
  if (typeof limit === 'string') return skip(limit);
  const engine = start('hoard');
  await listenFor(engine, 1);
  limit.add(engine.pid!);
  engine.send({ ask: 'more' });
  expect(await engine.ended).toMatchObject({
    code: 'out_of_memory',
    message: 'the engine was ended by SIGKILL, and the system was out of memory',
  });
  limit.remove();
});

test('an engine whose script is missing has died', async () => {
  const death = await start('', new URL('missing.js', import.meta.url)).ended;
  expect(death).toMatchObject({ code: 'engine_died', message: expect.stringContaining('missing.js') });
});

test('an engine that says what its protocol does not know is ended', async () => {
  expect((await failureOf('babble')).message).toContain('a message nobody knows');
});

test.each([
  ['a line of more bytes than a message may have', 'drone', 'a message of more than 1048576 bytes'],
  ['what is no JSON', 'garble', 'a message that is no JSON'],
  ['JSON half a million levels deep', 'nest', 'a message nobody knows'],
])('an engine that sends %s is ended, and its parent lives on', async (_, does, reason) => {
  const { message } = await failureOf(does);
  expect(message).toContain(reason);
  expect(message.length).toBeLessThan(1000);
});

test.runIf(process.platform === 'linux')(
  'a parent that does not listen reads nothing, so an engine that floods it waits',
  async () => {
    const engine = start('flood');
    // It sleeps only once what lies between the two is full.
    while (!/^State:\s*S/mu.test(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))) await nextTurn();
    const before = process.memoryUsage().rss;
    let heard = 0;
    await new Promise<void>((resolve) => {
      engine.listen(() => {
        heard += 1;
        if (heard === 500_000) resolve();
      });
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  },
);

test('all that an engine said before it ended is heard before its end', async () => {
  const engine = start('last');
  let heard = 0;
  engine.listen(() => {
    heard += 1;
  });
  await engine.ended;
  expect(heard).toBe(10_000);
});

test('the end of an engine is reported even if nobody has read what it said', async () => {
  expect(await start('part').ended).toMatchObject({ message: 'the engine ended with exit code 0' });
});

test('messages that come before there is a listener are kept, in order', async () => {
  const engine = start('answer');
  engine.send({ ask: 'me' });
  await new Promise<void>((resolve) => {
    engine.listen(({ words }) => {
      if (words === '{"ask":"me"}') resolve();
    });
  });
  const late = start('answer');
  late.send({ ask: 'me' });
  expect(await listenFor(late, 3)).toEqual(['first', 'second', '{"ask":"me"}']);
});

test('an engine that is stopped ends in order; stopping again and sending to it do nothing', async () => {
  const engine = start('answer');
  await listenFor(engine, 2);
  await engine.stop(60_000);
  expect(await engine.ended).toMatchObject({ message: 'the engine ended with exit code 0' });
  await engine.stop();
  engine.send({ ask: 'me' });
});

test('an engine that does not end when it is asked to is killed', async () => {
  const engine = start('hang');
  await listenFor(engine, 1);
  await engine.stop(50);
  expect(await engine.ended).toMatchObject({ message: expect.stringContaining('ended by SIGKILL') });
});

test.runIf(process.platform === 'linux')('an engine that owes an answer and does nothing at all is ended', async () => {
  const engine: Engine = new EngineProcess({
    script: new URL('scripted-engine.fixture.ts', import.meta.url),
    incoming: said,
    environment: { PATH: process.env['PATH'], ENGINE_DOES: 'stall' },
    watch: { looks: 3, lookMs: 20 },
  });
  started.push(engine);
  await listenFor(engine, 1);
  engine.expect();
  const death = await engine.ended;
  expect(death).toBeInstanceOf(EngineHungError);
  expect(death).toMatchObject({ code: 'engine_hung', message: expect.stringContaining('does not answer') });
  expect(engine.isAlive).toBe(false);
});
