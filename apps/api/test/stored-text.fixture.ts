import { createHash } from 'node:crypto';
import { readdir, readlink, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generateRequest } from '@glyphmill/contract';
import { ArtifactKeys } from '@glyphmill/catalog';
import type { WorkedBoard } from '@glyphmill/jobs/testing';
import type { Storage } from '@glyphmill/storage';
import { z } from 'zod';
import { publishModel } from './model.fixture.js';
import type { RunningApi } from './running-api.fixture.js';

const keys = new ArtifactKeys();

/** A text that the API serves as a file. */
export interface StoredText {
  url: string;
  etag: string;
  /** Makes the stored file that holds the last byte shorter or longer than is recorded. */
  resize: (sizeBytes: number) => Promise<void>;
}

/** How each kind of file comes to hold a text. */
export const STORED: Readonly<Record<string, (api: RunningApi, text: string) => Promise<StoredText>>> = {
  'a file of a model': async ({ storage, url }, text) => {
    const file = { path: 'README.md', sizeBytes: Buffer.byteLength(text), sha256: sha256Of(text) };
    const id = await publishModel(storage, { files: [file] }, { 'README.md': text });
    const path = join((await storage.localFolder(`models/${id}`)).path, file.path);
    return {
      url: `${url}/api/models/${id}/files/${file.path}`,
      etag: `"${file.sha256}"`,
      resize: (sizeBytes) => truncate(path, sizeBytes),
    };
  },
  'the content of a dataset': async ({ storage, url }, text) => {
    const headers = { 'content-type': 'text/plain' };
    const response = await fetch(`${url}/api/datasets`, { method: 'POST', headers, body: text });
    const { id } = z.object({ id: z.string() }).parse(await response.json());
    const path = join((await storage.localFolder(`datasets/${id}`)).path, 'content');
    return {
      url: `${url}/api/datasets/${id}/content`,
      etag: `"${sha256Of(text)}"`,
      resize: (sizeBytes) => truncate(path, sizeBytes),
    };
  },
  'the output of a job': async ({ storage, url, jobs }, text) => {
    const id = await createGenerateJob(jobs);
    const third = Math.ceil(text.length / 3);
    for (const shard of [0, 1, 2]) {
      await storage.put(keys.shard(id, shard), text.slice(third * shard, third * (shard + 1)));
    }
    const path = join((await storage.localFolder(`outputs/${id}`)).path, '00000.jsonl');
    return {
      url: `${url}/api/jobs/${id}/output`,
      etag: `"3-${Buffer.byteLength(text).toString(16)}"`,
      // While it is sent: the sizes of shards are looked up at each request.
      resize: (sizeBytes) => truncate(path, sizeBytes),
    };
  },
};

/** A job that was never delivered. */
export async function createGenerateJob(jobs: WorkedBoard): Promise<string> {
  const request = generateRequest.parse({ model: 'model_1', prompts: ['a'] });
  const [created] = await jobs.create([{ kind: 'generate', request, promptCount: 1 }]);
  if (!created) throw new Error('no job');
  return created.id;
}

/** The artifacts that this process, and so the API of a test, has open. */
export async function openArtifacts(storage: Storage): Promise<string[]> {
  const root = dirname(dirname((await storage.localFolder('datasets/moby-dick')).path));
  const targets = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(targets)).filter((target) => target.startsWith(root));
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
