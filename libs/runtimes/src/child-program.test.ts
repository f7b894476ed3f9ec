import { afterEach, expect, test } from 'vitest';

import { ChildProgram, ProgramEndedError } from './child-program.ts';

let started: ChildProgram[] = [];
afterEach(() => {
  for (const program of started) program.signal('SIGKILL');
  started = [];
});

function start(code: string, options: Partial<ConstructorParameters<typeof ChildProgram>[1]> = {}): ChildProgram {
  const program = new ChildProgram([process.execPath, '-e', code], { environment: {}, ...options });
  started.push(program);
  return program;
}

const SERVES = "process.send({ type: 'ready', worker: 'worker_1' });";

test('a program serves when it says so to the process that started it', async () => {
  expect(await start(`${SERVES} setInterval(() => {}, 1000)`).serving).toEqual({ type: 'ready', worker: 'worker_1' });
});

test('a program that ends before it serves is refused with its exit code and its last words', async () => {
  const program = start("console.error('PORT is taken'); process.exitCode = 3");
  const error = await program.serving.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProgramEndedError);
  expect(error).toMatchObject({ end: { exitCode: 3, reason: 'exit code 3', lastWords: 'PORT is taken\n' } });
  expect(program.hasEnded).toBe(true);
});

test('a program that cannot be started has ended, with the reason', async () => {
  const program = new ChildProgram(['/nothing/here'], { environment: {} });
  expect(await program.ended).toMatchObject({ exitCode: null, reason: expect.stringContaining('ENOENT') });
  expect(() => program.pid).toThrow('invalid_type');
});

test('what a program prints is passed on by stream, and its end waits for the last of it', async () => {
  const printed = { stdout: '', stderr: '' };
  const onOutput = (text: string, stream: 'stdout' | 'stderr') => (printed[stream] += text);
  const { lastWords } = await start("console.log('a'.repeat(100_000)); console.error('b')", { onOutput }).ended;
  expect(printed).toEqual({ stdout: `${'a'.repeat(100_000)}\n`, stderr: 'b\n' });
  expect(lastWords).toHaveLength(4000);
});

test('a program that does not end at SIGTERM is killed', async () => {
  const program = start(`process.on('SIGTERM', () => {}); ${SERVES} setInterval(() => {}, 1000)`);
  await program.serving;
  expect(await program.stop(1)).toMatchObject({ exitCode: null, reason: 'SIGKILL' });
});

test('a program gets its own environment and nothing else', async () => {
  const program = start('console.log(JSON.stringify(process.env))', { environment: { GIVEN: 'yes' } });
  const { lastWords } = await program.ended;
  const keys = Object.keys(JSON.parse(lastWords) as object).filter((key) => !key.startsWith('__'));
  expect(keys).toEqual(['GIVEN']);
});

test('a program whose channel is closed hears of it and its end is still noticed', async () => {
  const program = start(`${SERVES} process.on('disconnect', () => process.exit(7))`);
  await program.serving;
  program.disconnect();
  expect(await program.ended).toMatchObject({ exitCode: 7 });
});

test('a program that leads a group is signalled with all that it started', async () => {
  const program = start(`${SERVES} setInterval(() => {}, 1000)`, { leadsGroup: true });
  await program.serving;
  expect(process.kill(-program.pid, 0)).toBe(true);
  process.kill(-program.pid, 'SIGTERM');
  expect(await program.ended).toMatchObject({ reason: 'SIGTERM' });
});
