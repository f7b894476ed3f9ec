import { join } from 'node:path';
import type { Catalog } from '@glyphmill/catalog';
import type { ClaimedShard, JobClaims, ShardResult } from '@glyphmill/jobs';
import { samplingConfig } from '@glyphmill/model/config';
import { streamPlainFile, type Storage } from '@glyphmill/storage';
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
 * that is generated again takes what exists. Its lines are in the order of the prompts, one for each sample of each
 * prompt. The engine writes them, so they never pass through this process, however large they are. If the job is
 * streamed, its events report the text as it grows.
 */
export class GenerateJob implements JobWork<'generate'> {
  readonly kind = 'generate';
  readonly #claims: JobClaims;
  readonly #storage: Storage;
  readonly #catalog: Catalog;
  readonly #engines: GenerationEngines;
  readonly #prompts: ShardPrompts;

  constructor({ claims, storage, catalog }: JobContext, engines: GenerationEngines) {
    this.#claims = claims;
    this.#storage = storage;
    this.#catalog = catalog;
    this.#engines = engines;
    this.#prompts = new ShardPrompts(claims, catalog);
  }

  async run(shard: ClaimedShard, lease: Lease<'generate'>): Promise<ShardResult> {
    const stream = await this.#openStream(shard, lease);
    const isWritten = await this.#catalog.outputs.isWritten(shard.id, shard.shard);
    const result = isWritten ? undefined : await this.#write(shard, lease, stream);
    if (stream) for await (const line of await this.#writtenLines(shard, lease)) stream.end(line);
    return result ?? (await countLines(await this.#writtenLines(shard, lease)));
  }

  async #openStream({ id, request }: ClaimedShard, lease: Lease<'generate'>): Promise<TextStream | undefined> {
    return request.stream ? new TextStream(lease, await readToldText(this.#claims, id)) : undefined;
  }

  /** Has a shard's lines generated and writes them; `undefined` if another attempt's lines exist instead. */
  async #write(
    shard: ClaimedShard,
    lease: Lease<'generate'>,
    stream: TextStream | undefined,
  ): Promise<ShardResult | undefined> {
    const { signal } = lease;
    const { model } = shard.request;
    using modelFolder = await readStored(model, () => this.#catalog.models.localFolder(model));
    const prompts = await this.#prompts.read(shard, signal);
    const staged = await this.#storage.stage();
    try {
      const { counts, ranOn } = await this.#engines.generate(
        {
          modelFolder: modelFolder.path,
          prompts,
          sampling: samplingConfig.strip().parse(shard.request),
          outputFile: join(staged.path, OUTPUT),
          stream: stream !== undefined,
        },
        { onProgress: progressOf(lease), onText: (growth) => stream?.grow(growth) },
        signal,
      );
      await lease.confirm();
      const lines = await streamPlainFile(staged.path, OUTPUT, signal);
      const isFirst = await this.#catalog.outputs.write(shard.id, shard.shard, lines);
      return isFirst ? { ...counts, ...(counts.done > 0 && { ranOn }) } : undefined;
    } finally {
      await staged.discard();
    }
  }

  async #writtenLines(
    { id, shard }: ClaimedShard,
    { signal }: Lease<'generate'>,
  ): Promise<ReturnType<typeof readOutputLines>> {
    return readOutputLines(await this.#catalog.outputs.read(id, shard, undefined, signal));
  }
}

/** Reports what an engine counts, with the speed since now. */
function progressOf(lease: Lease<'generate'>): Parameters<GenerationEngines['generate']>[1]['onProgress'] {
  const startedAt = performance.now();
  return (progress) => {
    const seconds = Math.max((performance.now() - startedAt) / 1000, 1e-3);
    lease.progress({ ...progress, tokensPerSecond: progress.tokens / seconds });
  };
}
