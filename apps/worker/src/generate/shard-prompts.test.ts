import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateRequest } from '@glyphmill/contract';
import { Catalog } from '@glyphmill/catalog';
import type { ClaimedShard } from '@glyphmill/jobs';
import { openStorage } from '@glyphmill/storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ShardPrompts } from './shard-prompts.js';

let folder: string;
let catalog: Catalog;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-prompts-'));
  catalog = new Catalog(await openStorage(pathToFileURL(folder)));
});
afterAll(() => rmSync(folder, { recursive: true }));

const PROMPTS = ['a', 'b', 'c', 'd'];

/** The reader of prompts, and which jobs it has asked the store for so far. */
function openPrompts(answer: (id: string) => Promise<string[] | undefined> = async () => PROMPTS) {
  const asked: string[] = [];
  const claims = {
    recordedPrompts: (id: string) => {
      asked.push(id);
      return answer(id);
    },
  };
  const prompts = new ShardPrompts(claims, catalog);
  const read = async (id: string, shard: number, lane: ClaimedShard['lane'] = 'generate') => {
    const range = { first: 2 * shard, end: 2 * shard + 2 };
    const request = generateRequest.parse({ model: 'model_1', prompts: PROMPTS });
    const about = { kind: 'generate' as const, attempts: 0, createdAtMs: 0, priority: 0, opens: [], request };
    return await prompts.read({ id, shard, lane, prompts: range, ...about });
  };
  return { asked, read };
}

test('a shard has its own prompts, in their places among the job’s', async () => {
  const { read } = openPrompts();
  expect(await read('job_1', 1)).toEqual([
    { promptIndex: 2, text: 'c' },
    { promptIndex: 3, text: 'd' },
  ]);
});

test('the prompts of a large job are read once for all its shards, whatever small jobs come between', async () => {
  const { asked, read } = openPrompts();
  await Promise.all([read('job_large', 0), read('job_large', 1)]);
  await read('job_small', 0, 'generate-now');
  await read('job_large', 0);
  expect(asked).toEqual(['job_large', 'job_small']);
});

test('prompts that could not be read are asked for again', async () => {
  let fails = true;
  const { read } = openPrompts(async () => {
    if (fails) throw new Error('Redis is away');
    return PROMPTS;
  });
  await expect(read('job_1', 0)).rejects.toThrow('Redis is away');
  fails = false;
  expect(await read('job_1', 0)).toHaveLength(2);
});

test('prompts that are not in the record are read from storage', async () => {
  const { read } = openPrompts(async () => undefined);
  await catalog.prompts.write('job_9', JSON.stringify(PROMPTS));
  expect(await read('job_9', 1)).toEqual([
    { promptIndex: 2, text: 'c' },
    { promptIndex: 3, text: 'd' },
  ]);
});
