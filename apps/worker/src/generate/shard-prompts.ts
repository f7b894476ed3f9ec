import { buffer } from 'node:stream/consumers';
import {
  type ClaimedShard,
  indexedBytes,
  indexRange,
  parsePromptLine,
  promptIndexKey,
  promptList,
  promptsKey,
  REQUEST_LIMITS,
  type ShardStore,
  splitLines,
} from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { readStored } from '../job-failure.js';
import type { ShardPrompt } from './generation-protocol.js';

/**
 * Reads the prompts of shards: from the job's record, from storage if they are too many for that, or from their bytes of a
 * prompts file. Of the large jobs whose prompts
 * came with the request those of the last one are kept, so that they are not read again for each shard.
 */
export class ShardPrompts {
  #last: { job: string; prompts: Promise<string[]> } | undefined;

  constructor(
    private readonly shards: Pick<ShardStore, 'prompts'>,
    private readonly storage: Storage,
  ) {}

  /** The prompts of a shard, in their order. Throws {@link JobFailure} where they are no longer there. */
  async read({ id, lane, request, prompts }: ClaimedShard): Promise<ShardPrompt[]> {
    if (request.promptsDataset !== undefined) return await this.#linesOf(request.promptsDataset, prompts);
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
    const prompts = await this.shards.prompts(id);
    if (prompts) return prompts;
    const stored = await readStored(`the list of prompts of ${id}`, () => this.storage.readBytes(promptsKey(id)));
    return promptList.parse(JSON.parse(stored.toString('utf8')));
  }

  async #linesOf(dataset: string, range: ClaimedShard['prompts']): Promise<ShardPrompt[]> {
    return await readStored(dataset, async () => {
      const index = await this.storage.read(promptIndexKey(dataset), indexRange(range));
      const bytes = indexedBytes(await buffer(index));
      const text = await this.storage.read(`datasets/${dataset}/content`, bytes);
      const prompts: ShardPrompt[] = [];
      for await (const line of splitLines(text, REQUEST_LIMITS.promptLineBytes)) {
        const promptIndex = range.first + prompts.length;
        const parsed = parsePromptLine(line.bytes, promptIndex + 1);
        prompts.push('error' in parsed ? { promptIndex, error: parsed.error } : { promptIndex, text: parsed.prompt });
      }
      return prompts;
    });
  }
}
