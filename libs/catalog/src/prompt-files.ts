import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { REQUEST_LIMITS } from '@glyphmill/contract';
import { ArtifactDamagedError, type Storage } from '@glyphmill/storage';
import type { ArtifactKeys } from './artifact-keys.js';
import type { Datasets } from './datasets.js';
import { encodeLineIndex, indexedBytes, indexedLines, indexRange, isIndexSize, splitLines } from './line-index.js';
import { orDamaged } from './or-damaged.js';
import { parsePromptLine, type PromptOfLine } from './prompt-line.js';

/** How many lines a file of prompts may have: more than one job may have sequences, and no job could take them. */
const MAX_LINES = REQUEST_LIMITS.sequences;

/** `not_json_lines`: a dataset cannot be a file of prompts, for its first line is not JSON. */
export class NotJsonLinesError extends Error {
  readonly code = 'not_json_lines';
}

/**
 * Datasets as files of prompts: JSON lines. The first job that names one has its lines counted and indexed, in one
 * reading that ends at the first line too many, so that workers can read the lines of their shards alone.
 */
export class PromptFiles {
  /** The countings under way: callers that name the same file at once wait for one of them. */
  readonly #underWay = new Map<string, Promise<number>>();

  constructor(
    private readonly storage: Storage,
    private readonly keys: ArtifactKeys,
    private readonly datasets: Datasets,
  ) {}

  /**
   * How many lines a dataset has, without blank ones at its end; its index exists from then on, and is made anew if it is
   * damaged. Throws {@link NotJsonLinesError} if its first line is not JSON (the others are looked at when their prompts
   * are needed), and `TooManyLinesError` if it has more lines than any job may have.
   */
  countLines(dataset: string): Promise<number> {
    const counting = this.#underWay.get(dataset) ?? this.#count(dataset).finally(() => this.#underWay.delete(dataset));
    this.#underWay.set(dataset, counting);
    return counting;
  }

  /**
   * The prompts of the lines from `first` up to `end` (excluded), or why a line has none. Throws `ArtifactNotFoundError`,
   * `ArtifactDamagedError`, and the signal's reason.
   */
  async read(dataset: string, range: { first: number; end: number }, signal?: AbortSignal): Promise<PromptOfLine[]> {
    const key = this.keys.promptIndex(dataset);
    const index = await buffer(await this.storage.read(key, indexRange(range), signal));
    const bytes = indexedBytes(index, range);
    if (bytes === undefined) throw new ArtifactDamagedError(key, 'it is no index of these lines');
    const prompts: PromptOfLine[] = [];
    const content = await this.datasets.content(dataset, bytes, signal);
    for await (const line of splitLines(content, REQUEST_LIMITS.promptLineBytes)) {
      prompts.push(parsePromptLine(line.bytes, range.first + prompts.length + 1));
    }
    return prompts;
  }

  async #count(dataset: string): Promise<number> {
    const key = this.keys.promptIndex(dataset);
    const known = await orDamaged(key, () => this.storage.stat(key));
    if (known && 'sizeBytes' in known && isIndexSize(known.sizeBytes)) return indexedLines(known.sizeBytes);
    await this.#checkFirstLine(dataset);
    const content = await this.datasets.content(dataset);
    try {
      return indexedLines(await this.storage.put(key, Readable.from(encodeLineIndex(unhurried(content), MAX_LINES))));
    } finally {
      content.destroy();
    }
  }

  async #checkFirstLine(dataset: string): Promise<void> {
    const content = await this.datasets.content(dataset);
    try {
      for await (const { bytes } of splitLines(content, REQUEST_LIMITS.promptLineBytes)) {
        const parsed = parsePromptLine(bytes, 1);
        if ('error' in parsed && parsed.error.code === 'line_not_json') {
          throw new NotJsonLinesError(`${parsed.error.message} (${dataset})`);
        }
        return;
      }
    } finally {
      content.destroy();
    }
  }
}

/** The chunks as they are; what else waits for this process has its turn between two of them. */
async function* unhurried(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    await turn();
  }
}
