import type { Job, JobEvent, TextEvent } from '@glyphmill/contract';
import { ArtifactKeys } from '@glyphmill/catalog';
import { outputLine, type OutputLine } from '@glyphmill/model/config';
import { beforeEach, expect, test } from 'vitest';
import { SMALL_GPT, trainedModel } from './trained-model.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

const keys = new ArtifactKeys();

const GENERATE = { WORKER_ROLES: 'generate' };

/** More than one report of text: the window that slides makes the model compute its whole block for each token. */
const LONG = { prompts: ['The ', 'quick'], samples: 2, maxNewTokens: 500, window: 'sliding' as const };
const TEXT_REPORT = /"type":"text"/u;

const open = useWorkplaces();
let place: Workplace;
let model: string;
beforeEach(async () => {
  place = await open();
  model = await trainedModel(place, SMALL_GPT);
});

async function lines(job: Job): Promise<OutputLine[]> {
  const bytes = await place.storage.readBytes(keys.shard(job.id, 0));
  const texts = bytes.toString('utf8').trimEnd().split('\n');
  return texts.map((line) => outputLine.parse(JSON.parse(line)));
}

function isText(event: JobEvent): event is TextEvent {
  return event.type === 'text';
}

/** What the events of a job that has ended tell of its texts. */
async function told(job: Job): Promise<TextEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of place.events(job)) events.push(event);
  expect(events.at(-1)).toEqual({ type: 'state', state: 'succeeded' });
  return events.filter(isText);
}

/** A line as its events must tell it: with an end, once. */
function toldLine(line: OutputLine): Omit<TextEvent, 'type'> & { ends: number } {
  const { promptIndex, sampleIndex } = line;
  if ('error' in line) return { promptIndex, sampleIndex, text: '', tokenCount: 0, error: line.error, ends: 1 };
  const { text, tokenCount, finishReason } = line;
  return { promptIndex, sampleIndex, text, tokenCount, finishReason, ends: 1 };
}

/** What the events of one sequence tell together. */
function together(events: TextEvent[]): ReturnType<typeof toldLine> {
  const { type: _, ...last } = events.at(-1)!;
  const ends = events.filter((event) => event.finishReason !== undefined || event.error !== undefined).length;
  return { ...last, text: events.map(({ text }) => text).join(''), ends };
}

/** Checks that the events tell each line of the output, and no part of it twice. */
async function expectToldOnce(job: Job): Promise<void> {
  const bySequence = Map.groupBy(await told(job), ({ promptIndex, sampleIndex }) => `${promptIndex}.${sampleIndex}`);
  const written = await lines(job);
  expect(
    written.map(({ promptIndex, sampleIndex }) => together(bySequence.get(`${promptIndex}.${sampleIndex}`)!)),
  ).toEqual(written.map((line) => toldLine(line)));
}

test('the events of a streamed job tell its text while it is written, and those of another job do not', async () => {
  await place.worker(GENERATE);
  const job = await place.generate({ model, ...LONG, stream: true });
  const isEarly = (event: JobEvent) => isText(event) && event.finishReason === undefined;
  expect(await place.until(job, isEarly)).toMatchObject({ type: 'text' });
  await expectToldOnce(job);
  const quiet = await place.generate({ model, prompts: ['The '], maxNewTokens: 40 });
  expect(await told(quiet)).toEqual([]);
});

test('stop strings and prompts that the model does not know are reported as the output has them', async () => {
  await place.worker(GENERATE);
  const asked = { prompts: ['The ', '☃', 'fox'], stop: ['e', ' qu'], samples: 3, maxNewTokens: 64 };
  const job = await place.generate({ model, ...asked, stream: true });
  await expectToldOnce(job);
  const written = await lines(job);
  expect(written.filter((line) => 'error' in line)).toHaveLength(3);
  expect(written.some((line) => 'text' in line && line.finishReason === 'stop')).toBe(true);
});

test('a streamed job reports no text twice if its worker is killed in the middle', async () => {
  const { worker: victim, proxy } = await place.heldWorker(GENERATE);
  const reported = proxy.holdAfter(TEXT_REPORT, 2);
  const job = await place.generate({ model, ...LONG, stream: true });
  await reported;
  victim.signal('SIGKILL');
  await victim.exitCode;
  await place.worker(GENERATE);
  await expectToldOnce(job);
  expect(await place.get(job)).toMatchObject({ attempts: 1 });
});

test('a streamed job reports no text twice if its worker is drained in the middle, which spends nothing', async () => {
  const { worker: drained, proxy } = await place.heldWorker(GENERATE);
  const reported = proxy.holdAfter(TEXT_REPORT);
  const job = await place.generate({ model, ...LONG, maxNewTokens: 4000, stream: true });
  await reported;
  drained.signal('SIGTERM');
  await drained.logged('worker stopping');
  proxy.release();
  expect(await drained.exitCode).toBe(0);
  await place.worker(GENERATE);
  await expectToldOnce(job);
  expect(await place.get(job)).toMatchObject({ attempts: 0 });
});

test('a streamed job whose worker died after writing its output reports what was not told', async () => {
  const job = await place.generate({ model, prompts: ['The '], maxNewTokens: 8, stream: true });
  const line = { promptIndex: 0, sampleIndex: 0, prompt: 'The ', text: 'lazy dog', tokenCount: 8, seed: 1337 };
  await place.storage.putIfAbsent(keys.shard(job.id, 0), `${JSON.stringify({ ...line, finishReason: 'length' })}\n`);
  await place.worker(GENERATE);
  await expectToldOnce(job);
  expect(await told(job)).toMatchObject([{ text: 'lazy dog', tokenCount: 8, finishReason: 'length' }]);
});
