import { createHash } from 'node:crypto';
import { isFinal, type Job, job } from '@glyphmill/contract';
import { modelManifest } from '@glyphmill/model/config';
import type { ApiPool } from './api-pool.js';

/** Files of a model's folder that say when, by which job and how fast it was trained. */
const TELLING_OF_THE_RUN = new Set(['README.md', 'metrics.jsonl']);

/** What a succeeded job gave, as one text: hashes of its bytes that two jobs of one request must share. */
export async function resultOf(api: ApiPool, { id, kind, result }: Job): Promise<string> {
  if (kind === 'generate') {
    const { body } = await api.ask(`/api/jobs/${id}/output`);
    return `output ${createHash('sha256').update(body).digest('hex')}`;
  }
  const model = result && 'model' in result ? result.model : '';
  const { files, trainLoss, validationLoss } = await api.read(
    `/api/models/${model}/files/manifest.json`,
    modelManifest,
  );
  const hashes = files
    .filter(({ path }) => !TELLING_OF_THE_RUN.has(path))
    .map(({ path, sha256 }) => `${path} ${sha256}`)
    .sort();
  return [...hashes, `losses ${trainLoss} ${validationLoss}`].join('\n');
}

/** The job as an api shows it. */
export async function jobOf(api: ApiPool, id: string): Promise<Job> {
  return await api.read(`/api/jobs/${id}`, job);
}

/** The job once it has ended; of one that runs undisturbed. */
export async function endedJob(api: ApiPool, id: string): Promise<Job> {
  for (;;) {
    const found = await jobOf(api, id);
    if (isFinal(found.state)) return found;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
