import { join } from 'node:path';
import type { ClaimedShard, ShardResult } from '@glyphmill/jobs';
import { samplingConfig } from '@glyphmill/model/config';
import { streamPlainFile } from '@glyphmill/storage';
import { readStored } from '../job-failure.js';
import type { Lease } from '../lease.js';
import type { JobContext, JobWork } from '../process-delivery.js';
import type { GenerationEngines } from './generation-engines.js';
import { countLines, readOutputLines } from './output-lines.js';
import { ShardPrompts } from './shard-prompts.js';
import { TextStream } from './text-stream.js';
import { readToldText } from './told-text.js';

/** What the engine writes, in a staged folder. */
const OUTPUT = 'lines.jsonl';

/**
 * Generates the text of one shard. A shard is one file that appears whole, and the first one written stays: a shard
 * that is generated again takes what is there. Its lines are in the order of the prompts, one for each sample of each
 * prompt. The engine writes them, so they never pass through this process, however large they are. If the job is
 * streamed, its events report the text as it grows.
 */
export function generateJob({ store, storage, catalog }: JobContext, engines: GenerationEngines): JobWork<'generate'> {
  const shardPrompts = new ShardPrompts(store.shards, catalog);
  return async (job, lease) => {
    const stream = job.request.stream ? new TextStream(lease, await readToldText(store, job.id)) : undefined;
    const { signal } = lease;
    const isWritten = await catalog.outputs.isWritten(job.id, job.shard);
    const made = isWritten ? undefined : await writeShard(job, lease, stream);
    if (stream) for await (const line of await writtenLines(job, signal)) stream.end(line);
    return made ?? (await countLines(await writtenLines(job, signal)));
  };

  /** Has a shard's lines generated and writes them; `undefined` if another attempt's lines are there instead. */
  async function writeShard(
    job: ClaimedShard,
    lease: Lease,
    stream: TextStream | undefined,
  ): Promise<ShardResult | undefined> {
    const { model } = job.request;
    const sampling = samplingConfig.strip().parse(job.request);
    using modelFolder = await readStored(model, () => catalog.models.localFolder(model));
    const prompts = await shardPrompts.read(job, lease.signal);
    const staged = await storage.stage();
    try {
      const outputFile = join(staged.path, OUTPUT);
      const startedAt = performance.now();
      const { counts, ranOn } = await engines.generate(
        { modelFolder: modelFolder.path, prompts, sampling, outputFile, stream: stream !== undefined },
        {
          onProgress: (progress) => {
            const seconds = Math.max((performance.now() - startedAt) / 1000, 1e-3);
            lease.progress({ ...progress, tokensPerSecond: progress.tokens / seconds });
          },
          onText: (growth) => stream?.grow(growth),
        },
        lease.signal,
      );
      await lease.confirm();
      const lines = await streamPlainFile(staged.path, OUTPUT, lease.signal);
      const isFirst = await catalog.outputs.write(job.id, job.shard, lines);
      return isFirst ? { ...counts, ...(counts.done > 0 && { ranOn }) } : undefined;
    } finally {
      await staged.discard();
    }
  }

  async function writtenLines(
    { id, shard }: ClaimedShard,
    signal: AbortSignal,
  ): Promise<ReturnType<typeof readOutputLines>> {
    return readOutputLines(await catalog.outputs.read(id, shard, undefined, signal));
  }
}
