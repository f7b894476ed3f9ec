import { trainResult } from '@glyphmill/contract';
import { z } from 'zod';
import type { ApiPool } from './api-pool.js';
import { endedJob, resultOf } from './results.js';
import { generateItems, TEXT, trainItems, type WorkItem } from './workload.js';

/** What the requests give where nothing goes wrong. */
interface Undisturbed {
  items: WorkItem[];
  /** What each must give, by its name. */
  expected: ReadonlyMap<string, string>;
  /** The models that were made. */
  models: ReadonlySet<string>;
}

/** Does each request once, before there are faults. Throws where one does not succeed. */
export async function undisturbed(api: ApiPool): Promise<Undisturbed> {
  const upload = await api.ask('/api/datasets?name=ishmael', {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: TEXT,
  });
  const dataset = z.object({ id: z.string() }).parse(JSON.parse(upload.body)).id;
  const expected = new Map<string, string>();
  const models = new Map<string, string>();
  const doAll = async (items: readonly WorkItem[]) => {
    const submit = async ({ kind, name, request }: WorkItem) => {
      const job = await endedJob(api, await api.submit(kind, `before-${name.replaceAll(' ', '-')}`, request));
      if (job.state !== 'succeeded')
        throw new Error(`${name} is ${job.state} without faults: ${JSON.stringify(job.error)}`);
      expected.set(name, await resultOf(api, job));
      if (kind === 'train') models.set(name, trainResult.parse(job.result).model);
    };
    await Promise.all(items.map(submit));
  };
  const trainings = trainItems(dataset);
  await doAll(trainings);
  const generations = generateItems(models);
  await doAll(generations);
  return { items: [...trainings, ...generations], expected, models: new Set(models.values()) };
}
