import type { GlyphmillClient } from '@glyphmill/client';
import { endedJob, resultOf } from './results.js';
import { generateItems, submit, TEXT, trainItems, type WorkItem } from './workload.js';

/** What the requests give if nothing goes wrong. */
interface Undisturbed {
  items: WorkItem[];
  /** What each must give, by its name. */
  expected: ReadonlyMap<string, string>;
  /** The models that were made. */
  models: ReadonlySet<string>;
}

/** Does each request once, before there are faults. Throws where one does not succeed. */
export async function undisturbed(client: GlyphmillClient): Promise<Undisturbed> {
  const { id: dataset } = await client.datasets.upload(TEXT, { name: 'ishmael' });
  const expected = new Map<string, string>();
  const models = new Map<string, string>();
  const doAll = async (items: readonly WorkItem[]) => {
    const complete = async (item: WorkItem) => {
      const { name } = item;
      const { id } = await submit(client, item, `before-${name.replaceAll(' ', '-')}`);
      const job = await endedJob(client, id);
      if (job.state !== 'succeeded')
        throw new Error(`${name} is ${job.state} without faults: ${JSON.stringify(job.error)}`);
      expected.set(name, await resultOf(client, job));
      if (job.kind === 'train' && job.result) models.set(name, job.result.model);
    };
    await Promise.all(items.map(complete));
  };
  const trainings = trainItems(dataset);
  await doAll(trainings);
  const generations = generateItems(models);
  await doAll(generations);
  return { items: [...trainings, ...generations], expected, models: new Set(models.values()) };
}
