import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { trainResult } from '@glyphmill/jobs';
import type { Workplace } from './workplace.fixture.js';

let trained: { id: string; folder: string } | undefined;

/** A bigram in a workplace's storage; it is trained in the first of a test file's workplaces, and copied to the others. */
export async function trainedModel(place: Workplace): Promise<string> {
  if (trained) {
    await cp(trained.folder, join(place.dataFolder, 'storage', 'models', trained.id), { recursive: true });
    return trained.id;
  }
  const trainer = await place.worker({ WORKER_ROLES: 'train' });
  const { result } = await place.ended(await place.train({ dataset: await place.dataset('fox') }));
  const id = trainResult.parse(result).model;
  trainer.signal('SIGTERM');
  await trainer.exitCode;
  trained = { id, folder: await place.storage.localFolder(`models/${id}`) };
  return id;
}
