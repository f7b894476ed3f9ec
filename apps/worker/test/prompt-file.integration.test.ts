import { readFileSync } from 'node:fs';
import { job as jobSchema } from '@glyphmill/contract';
import { outputLine } from '@glyphmill/model/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiProcess, startApi } from './api-process.fixture.js';
import { trainedModel } from './trained-model.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

/** Less than the longest file here has, so that a process that held all of it would end. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=4' };

const open = useWorkplaces();
let place: Workplace;
let api: ApiProcess;
let model: string;
beforeEach(async () => {
  place = await open();
  model = await trainedModel(place);
  api = await startApi(place, SMALL_HEAP);
});
afterEach(async () => await api.stop());

async function upload(chunks: Iterable<string>): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, duplex: 'half' } as const;
  const body = ReadableStream.from(chunks).pipeThrough(new TextEncoderStream());
  const response = await fetch(`${api.url}/api/datasets`, { ...init, body });
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

async function generate(promptsDataset: string, more: object = {}) {
  const body = JSON.stringify({ model, promptsDataset, maxNewTokens: 4, ...more });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  return jobSchema.parse(await (await fetch(`${api.url}/api/jobs/generate`, init)).json());
}

/** The output of a job as it comes, line by line. */
async function* output(jobId: string) {
  const response = await fetch(`${api.url}/api/jobs/${jobId}/output`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield outputLine.parse(JSON.parse(line));
  }
  expect(rest).toBe('');
}

test('a line that is no prompt is an error in its place, for each sample, and the others have their text', async () => {
  await place.worker({ WORKER_ROLES: 'generate' });
  const id = await upload(['"The fox"\n{"prompt":"The ÿak"}\n', 'no JSON\r\n\n{"text":"a"}\n{"prompt":"","id":6}']);
  const job = await place.ended(await generate(id, { samples: 2 }));
  expect(job).toMatchObject({ state: 'succeeded', result: { counts: { done: 4, failed: 8, tokens: 16 } } });
  const lines = [];
  for await (const line of output(job.id)) lines.push(line);
  expect(lines.map(({ promptIndex, sampleIndex }) => promptIndex * 2 + sampleIndex)).toEqual([...lines.keys()]);
  const errors = lines.map((line) => ('error' in line ? line.error.code : ''));
  const expected = ['', 'unknown_character', 'line_not_json', 'line_not_json', 'line_without_prompt', ''];
  expect(errors).toEqual(expected.flatMap((code) => [code, code]));
  expect(lines[4]).toMatchObject({ prompt: '', error: { message: expect.stringContaining('line 3') } });
});

const LINES = 100_000;
/** A line of letters that the model knows, which tells its number. */
const promptOf = (index: number) =>
  `${String(index).replaceAll(/\d/gu, (digit) => 'abcdefghij'[Number(digit)]!)} ${'The quick brown fox '.repeat(60)}`;

function* promptLines(count: number): Generator<string> {
  for (let start = 0; start < count; start += 100) {
    const prompts = Array.from({ length: Math.min(100, count - start) }, (_, index) => promptOf(start + index));
    yield prompts.map((prompt) => `${JSON.stringify({ prompt })}\n`).join('');
  }
}

/** The memory that a process has in use, in MiB. */
function residentMebibytes(pid: number): number {
  const line = /^VmRSS:\s*(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}

/** What `work` yields, and the most memory in MiB that each process was seen to have in use meanwhile. */
async function watchMemory<Value>(
  pids: number[],
  work: () => Promise<Value>,
): Promise<{ value: Value; most: number[] }> {
  const most = pids.map(residentMebibytes);
  const watching = setInterval(() => {
    for (const [index, pid] of pids.entries()) most[index] = Math.max(most[index]!, residentMebibytes(pid));
  }, 50);
  try {
    return { value: await work(), most };
  } finally {
    clearInterval(watching);
  }
}

test.skipIf(process.platform !== 'linux')(
  '100,000 lines of 120 MB stream through in flat memory, and each yields one line, in order',
  async () => {
    const worker = await place.worker({ WORKER_ROLES: 'generate', ...SMALL_HEAP });
    const runJob = async (count: number) => {
      const job = await place.ended(await generate(await upload(promptLines(count))));
      expect(job).toMatchObject({
        state: 'succeeded',
        result: { counts: { done: count, failed: 0, tokens: count * 4 } },
      });
      let next = 0;
      for await (const { promptIndex, sampleIndex, prompt } of output(job.id)) {
        if (promptIndex !== next || sampleIndex !== 0 || prompt !== promptOf(next)) break;
        next += 1;
      }
      return next;
    };
    const pids = [api.pid, worker.pid];
    // A heap grows until its collector has found its pace: a part of the lines shows where it comes to rest.
    const { most: before } = await watchMemory(pids, () => runJob(LINES / 4));
    const { value: inOrder, most } = await watchMemory(pids, () => runJob(LINES));
    expect(inOrder).toBe(LINES);
    // Beside the heap, which is bounded, lie the buffers that files are read into.
    const growth = most.map((mebibytes, index) => Math.round(mebibytes - before[index]!));
    expect(Math.max(...growth)).toBeLessThan(100);
  },
);
