import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { trainResult } from '@glyphmill/contract';
import type { modelConfig } from '@glyphmill/model/config';
import type { z } from 'zod';
import type { Workplace } from './workplace.fixture.js';

type AskedModel = z.input<typeof modelConfig>;

/** A GPT that is small enough to be trained in a moment, and slow enough to be interrupted while it writes. */
export const SMALL_GPT: AskedModel = { kind: 'gpt', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 32 };

/** By their configuration. */
const trained = new Map<string, { id: string; folder: string }>();

/** A model in a workplace's storage; it is trained in the first of a test file's workplaces, and copied to the others. */
export async function trainedModel(place: Workplace, model: AskedModel = { kind: 'bigram' }): Promise<string> {
  const known = trained.get(JSON.stringify(model));
  if (known) {
    const folder = join(place.dataFolder, 'storage', 'models', known.id);
    if (folder !== known.folder) await cp(known.folder, folder, { recursive: true });
    return known.id;
  }
  const trainer = await place.worker({ WORKER_ROLES: 'train' });
  const training = { maxSteps: 20, batchSize: 4, sampleInterval: 0, seed: 7 };
  const { result } = await place.ended(await place.train({ dataset: await place.dataset('fox'), model, training }));
  const id = trainResult.parse(result).model;
  trainer.signal('SIGTERM');
  await trainer.exitCode;
  trained.set(JSON.stringify(model), { id, folder: (await place.storage.localFolder(`models/${id}`)).path });
  return id;
}
