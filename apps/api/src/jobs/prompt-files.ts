import { Readable } from 'node:stream';
import {
  encodeLineIndex,
  indexedLines,
  parsePromptLine,
  promptIndexKey,
  REQUEST_LIMITS,
  splitLines,
} from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { DatasetLibrary } from '../datasets/dataset-library.js';
import { Problem } from '../problem/problem.js';

type Lines = ReturnType<typeof splitLines>;

/**
 * Datasets as files of prompts: JSON lines. The first job that names one has its lines counted and indexed, in one
 * reading that holds no more than a line, so that workers can read the lines of their shards alone.
 */
@Injectable()
export class PromptFiles {
  constructor(
    private readonly datasets: DatasetLibrary,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /**
   * How many lines a dataset has, whose index is there from then on. Throws the problem `not_json_lines` where its
   * first line is not JSON; the other lines are looked at when their prompts are needed.
   */
  async countLines(dataset: string): Promise<number> {
    const key = promptIndexKey(dataset);
    const known = await this.storage.stat(key);
    if (known) return indexedLines(known.sizeBytes);
    const lines = splitLines(await this.datasets.content(dataset), REQUEST_LIMITS.promptLineBytes);
    return indexedLines(await this.storage.put(key, Readable.from(encodeLineIndex(checked(lines, dataset)))));
  }
}

/** The lines as they are; throws the problem `not_json_lines` at the first. */
async function* checked(lines: Lines, dataset: string): Lines {
  let isFirst = true;
  for await (const line of lines) {
    const parsed = isFirst ? parsePromptLine(line.bytes, 1) : undefined;
    if (parsed && 'error' in parsed && parsed.error.code === 'line_not_json') {
      throw new Problem('not_json_lines', `promptsDataset: ${parsed.error.message} (${dataset}).`);
    }
    isFirst = false;
    yield line;
  }
}
