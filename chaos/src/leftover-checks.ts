import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { Catalog } from '@glyphmill/catalog';
import { outputLine } from '@glyphmill/model/config';
import { type Deployment, PREFIX } from './deployment.js';
import type { CheckedJob } from './job-checks.js';
import { markedProcesses, usageOf } from './process-usage.js';

/** How long after the last job's end deliveries of jobs that were cancelled may still wait for a worker's look. */
const SETTLE_MS = 60_000;

/** How much more than at its start a process may hold once there is nothing to do. */
const GROWTH = { bytes: 200 * 1024 ** 2, files: 40 };

/** Keys that may be there when every job has ended: records, indexes, events, and what BullMQ and workers keep. */
const LASTING = [
  /^job:job_\w+(?::events|:committed)?$/u,
  /^(?:jobs|deadlines|workers)$/u,
  /^jobs:(?:finished|tag:.+|model:.+|(?:train|generate):\w+)$/u,
  /^(?:worker|hub|heirs|idempotency):.+$/u,
  /^(?:train|generate|generate-now):(?:meta|id|events|marker|pc|stalled-check)$/u,
];

/** Keys of Redis that should not be there any more, once they had time to go. */
export async function checkKeys({ redis }: Deployment, onViolation: (violation: string) => void): Promise<void> {
  const leftovers = async () => {
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${PREFIX}:*`, 'COUNT', 1000);
      cursor = next;
      found.push(
        ...keys
          .map((key) => key.slice(PREFIX.length + 1))
          .filter((key) => !LASTING.some((lasting) => lasting.test(key))),
      );
    } while (cursor !== '0');
    return [...new Set(found)];
  };
  let left = await leftovers();
  for (const until = performance.now() + SETTLE_MS; left.length > 0 && performance.now() < until;) {
    await wait(1000);
    left = await leftovers();
  }
  for (const key of left) onViolation(`Redis still has ${PREFIX}:${key}`);
}

/** What is visible in the storage that is not whole, or of a job that did not succeed. */
export async function checkStorage(
  { storage }: Deployment,
  jobs: readonly CheckedJob[],
  undisturbed: ReadonlySet<string>,
  onViolation: (violation: string) => void,
): Promise<void> {
  const succeeded = new Set(undisturbed);
  for (const { job } of jobs) {
    if (job.state === 'succeeded' && job.result && 'model' in job.result) succeeded.add(job.result.model);
  }
  const { models, jobFolders, outputs } = new Catalog(storage);
  for (const model of await models.ids()) {
    if (!succeeded.has(model)) onViolation(`there is a model ${model}, and no job that made it`);
    const manifest = await models.find(model).catch(() => undefined);
    if (!manifest) {
      onViolation(`the model ${model} has no manifest`);
      continue;
    }
    for (const { path, sha256 } of manifest.files) {
      const hash = createHash('sha256').update(await buffer(await models.read(model, path)));
      if (hash.digest('hex') !== sha256) onViolation(`the file ${path} of ${model} is not what its manifest says`);
    }
  }
  for (const { kind, jobId } of await jobFolders.list()) {
    if (kind !== 'outputs') continue;
    for (const [shard, { key }] of (await outputs.shards(jobId)).entries()) {
      const lines = (await buffer(await outputs.read(jobId, shard))).toString('utf8').split('\n');
      const isWhole = lines.pop() === '' && lines.every((line) => outputLine.safeParse(JSON.parse(line)).success);
      if (!isWhole) onViolation(`${key} is not whole`);
    }
  }
}

/** Engines without a worker, processes that grew, and files that a living process left in staging. */
export async function checkProcesses(
  { services, mark }: Deployment,
  folder: string,
  onViolation: (violation: string) => void,
): Promise<string[]> {
  const alive = await markedProcesses(mark);
  const parents = new Set(services.map(({ pid }) => pid));
  for (const { pid, parent, command } of alive) {
    if (!parents.has(pid) && !parents.has(parent)) onViolation(`process ${pid} was left alone: ${command}`);
  }
  const staged = await readdir(join(folder, 'storage', '.staging'));
  const living = new Set(alive.map(({ pid }) => String(pid)));
  for (const name of staged.filter((each) => living.has(each.split('_').at(-2) ?? ''))) {
    onViolation(`${name} is still staged, and its process has nothing to do`);
  }
  const told: string[] = [`${staged.length} folders that killed processes left staged, out of sight`];
  for (const { name, pid, usageAtStart } of services) {
    const usage = await usageOf(pid);
    if (!usage || !usageAtStart) continue;
    const bytes = usage.residentBytes - usageAtStart.residentBytes;
    const files = usage.openFiles - usageAtStart.openFiles;
    const grown = `${name}: ${mebibytes(usage.residentBytes)} (${signed(mebibytes(bytes))}), ${usage.openFiles} open files (${signed(String(files))})`;
    told.push(grown);
    if (bytes > GROWTH.bytes || files > GROWTH.files) onViolation(`a process grew: ${grown}`);
  }
  return told;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function signed(text: string): string {
  return text.startsWith('-') ? text : `+${text}`;
}
