import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { REQUEST_LIMITS } from '@glyphmill/contract';
import {
  encodeLineIndex,
  indexedLines,
  isIndexSize,
  parsePromptLine,
  promptIndexKey,
  splitLines,
  TooManyLinesError,
} from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { DatasetLibrary } from '../datasets/dataset-library.js';
import { orDamaged } from '../paging/or-damaged.js';
import { Problem } from '../problem/problem.js';

/** How many lines a file of prompts may have: more than one job may have sequences, and no job could take them. */
const MAX_LINES = REQUEST_LIMITS.sequences;

/**
 * Datasets as files of prompts: JSON lines. The first job that names one has its lines counted and indexed, in one
 * reading that ends at the first line too many, so that workers can read the lines of their shards alone.
 */
@Injectable()
export class PromptFiles {
  /** The countings under way: requests that name the same file at once wait for one of them. */
  private readonly underWay = new Map<string, Promise<number>>();

  constructor(
    private readonly datasets: DatasetLibrary,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /**
   * How many lines a dataset has, without blank ones at its end; its index exists from then on, and is made anew
   * if it is damaged. Throws the problems
   * `not_json_lines` if its first line is not JSON (the others are looked at when their prompts are needed), and
   * `job_too_large` if it has more lines than any job may have.
   */
  countLines(dataset: string): Promise<number> {
    const counting = this.underWay.get(dataset) ?? this.count(dataset).finally(() => this.underWay.delete(dataset));
    this.underWay.set(dataset, counting);
    return counting;
  }

  private async count(dataset: string): Promise<number> {
    const key = promptIndexKey(dataset);
    const known = await orDamaged(key, () => this.storage.stat(key));
    if (known && 'sizeBytes' in known && isIndexSize(known.sizeBytes)) return indexedLines(known.sizeBytes);
    await this.checkFirstLine(dataset);
    const content = await this.datasets.content(dataset);
    try {
      return indexedLines(await this.storage.put(key, Readable.from(encodeLineIndex(unhurried(content), MAX_LINES))));
    } catch (error) {
      if (!(error instanceof TooManyLinesError)) throw error;
      const detail = `promptsDataset: ${dataset} has more than ${MAX_LINES} lines, and a job may have as many prompts; split it into several datasets.`;
      throw new Problem('job_too_large', detail);
    } finally {
      content.destroy();
    }
  }

  private async checkFirstLine(dataset: string): Promise<void> {
    const content = await this.datasets.content(dataset);
    try {
      for await (const { bytes } of splitLines(content, REQUEST_LIMITS.promptLineBytes)) {
        const parsed = parsePromptLine(bytes, 1);
        if ('error' in parsed && parsed.error.code === 'line_not_json') {
          throw new Problem('not_json_lines', `promptsDataset: ${parsed.error.message} (${dataset}).`);
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
