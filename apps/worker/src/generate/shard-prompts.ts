import { buffer } from 'node:stream/consumers';
import { REQUEST_LIMITS } from '@glyphmill/contract';
import {
  type ClaimedShard,
  indexedBytes,
  indexRange,
  parsePromptLine,
  promptIndexKey,
  PROMPT_LIST_BYTES,
  promptList,
  promptsKey,
  type ShardStore,
  splitLines,
} from '@glyphmill/jobs';
import { ArtifactDamagedError, readDocument, type Storage } from '@glyphmill/storage';
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
    const prompts = await this.shards.prompts(id);
    if (prompts) return prompts;
    const options = { maxBytes: PROMPT_LIST_BYTES };
    return await readStored(`the list of prompts of ${id}`, () =>
      readDocument(this.storage, promptsKey(id), (json) => promptList.parse(json), options),
    );
  }

  async #linesOf(
    dataset: string,
    range: ClaimedShard['prompts'],
    signal: AbortSignal | undefined,
  ): Promise<ShardPrompt[]> {
    return await readStored(dataset, async () => {
      const indexKey = promptIndexKey(dataset);
      const index = await buffer(await this.storage.read(indexKey, indexRange(range), signal));
      const bytes = indexedBytes(index, range);
      if (bytes === undefined) throw new ArtifactDamagedError(indexKey, 'it is no index of these lines');
      const text = await this.storage.read(`datasets/${dataset}/content`, bytes, signal);
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
