import { createHash } from 'node:crypto';
import type { GlyphmillClient } from '@glyphmill/client';
import { type Job, isFinal } from '@glyphmill/contract';

/** Files of a model's folder that say when, by which job and how fast it was trained. */
const TELLING_OF_THE_RUN = new Set(['README.md', 'metrics.jsonl']);

/** What a succeeded job gave, as one text: hashes of its bytes that two jobs of one request must share. */
export async function resultOf(client: GlyphmillClient, job: Job): Promise<string> {
  const { id } = job;
  if (job.kind === 'generate') {
    return `output ${createHash('sha256')
      .update(await client.jobs.outputText(id))
      .digest('hex')}`;
  }
  const { files, trainLoss, validationLoss } = await client.models.get(job.result?.model ?? '');
  const hashes = files
    .filter(({ path }) => !TELLING_OF_THE_RUN.has(path))
    .map(({ path, sha256 }) => `${path} ${sha256}`)
    .sort();
  return [...hashes, `losses ${trainLoss} ${validationLoss}`].join('\n');
}

/** The job once it has ended; of one that runs undisturbed. */
export async function endedJob(client: GlyphmillClient, id: string): Promise<Job> {
  for (;;) {
    const found = await client.jobs.get(id);
    if (isFinal(found.state)) return found;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
