import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { EngineDiedError, EngineProcess, EngineProtocolError } from './engine-process.js';

const said = z.object({ type: z.literal('said'), words: z.string() });
type Engine = EngineProcess<typeof said, { ask: string }>;

const started: Engine[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((engine) => engine.stop(0)));
});

function start(does: string, script = new URL('scripted-engine.fixture.ts', import.meta.url)): Engine {
  const engine: Engine = new EngineProcess({
    script,
    incoming: said,
    environment: { PATH: process.env['PATH'], ENGINE_DOES: does },
  });
  started.push(engine);
  return engine;
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

test('an engine that dies tells how, and what it last wrote', async () => {
  const death = await start('die').ended;
  expect(death).toBeInstanceOf(EngineDiedError);
  expect(death).toMatchObject({
    code: 'engine_died',
    message: 'the engine ended with exit code 3; it last said: no such tensor',
  });
});

test('an engine that is killed tells by what', async () => {
  const engine = start('answer');
  await listenFor(engine, 2);
  process.kill(engine.pid!, 'SIGKILL');
  expect(await engine.ended).toMatchObject({ message: expect.stringMatching(/ended by SIGKILL \(.*out of memory\)/u) });
  expect(engine.isAlive).toBe(false);
});

test('an engine whose script is missing has died', async () => {
  const death = await start('', new URL('missing.js', import.meta.url)).ended;
  expect(death).toMatchObject({ code: 'engine_died', message: expect.stringContaining('missing.js') });
});

test('an engine that says what its protocol does not know is ended', async () => {
  const failure = await start('babble').ended;
  expect(failure).toBeInstanceOf(EngineProtocolError);
  expect(failure.message).toContain('a message nobody knows');
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
