import type { Catalog } from '@glyphmill/catalog';
import type { ClaimedShard, JobClaims } from '@glyphmill/jobs';
import { readStored } from '../job-failure.js';
import type { ShardPrompt } from './generation-protocol.js';

/**
 * Reads the prompts of shards: from the job's record, from storage if they are too many for that, or from their bytes of
 * a prompts file. Of the large jobs whose prompts came with the request those of the last one are kept, so that they are
 * not read again for each shard.
 */
export class ShardPrompts {
  #last: { job: string; prompts: Promise<string[]> } | undefined;

  constructor(
    private readonly claims: Pick<JobClaims, 'recordedPrompts'>,
    private readonly catalog: Pick<Catalog, 'prompts' | 'promptFiles'>,
  ) {}

  /** The prompts of a shard, in their order. Throws {@link JobFailure} if they are no longer stored. */
  async read({ id, lane, request, prompts }: ClaimedShard, signal?: AbortSignal): Promise<ShardPrompt[]> {
    if (request.promptsDataset !== undefined) return await this.#linesOf(request.promptsDataset, prompts, signal);
    // A small job is one shard: it must not take the place of a large one that it is done beside.
    const texts = await (lane === 'generate-now' ? this.#promptsOf(id) : this.#kept(id));
    return texts.slice(prompts.first, prompts.end).map((text, index) => ({ promptIndex: prompts.first + index, text }));
  }

  async #kept(id: string): Promise<string[]> {
    if (this.#last?.job !== id) this.#last = { job: id, prompts: this.#promptsOf(id) };
    const { prompts } = this.#last;
    try {
      return await prompts;
    } catch (error) {
      if (this.#last?.prompts === prompts) this.#last = undefined; // The next attempt reads again.
      throw error;
    }
  }

  async #promptsOf(id: string): Promise<string[]> {
    const prompts = await this.claims.recordedPrompts(id);
    if (prompts) return prompts;
    return await readStored(`the list of prompts of ${id}`, () => this.catalog.prompts.get(id));
  }

  async #linesOf(
    dataset: string,
    range: ClaimedShard['prompts'],
    signal: AbortSignal | undefined,
  ): Promise<ShardPrompt[]> {
    const lines = await readStored(dataset, () => this.catalog.promptFiles.read(dataset, range, signal));
    return lines.map((line, index) => {
      const promptIndex = range.first + index;
      return 'error' in line ? { promptIndex, error: line.error } : { promptIndex, text: line.prompt };
    });
  }
}
