import type { Readable } from 'node:stream';
import { splitLines } from '@glyphmill/catalog';
import type { ShardCounts } from '@glyphmill/jobs';
import { type OutputLine, outputLine } from '@glyphmill/model/config';

/** The lines of a shard's output, one at a time. Throws where one of them is not a line of output. */
export async function* readOutputLines(bytes: Readable): AsyncGenerator<OutputLine> {
  for await (const line of splitLines(bytes, Infinity)) {
    yield outputLine.parse(JSON.parse(Buffer.from(line.bytes ?? []).toString('utf8')));
  }
}

/** Counts lines as they pass. */
export async function countLines(lines: AsyncIterable<OutputLine>): Promise<ShardCounts> {
  const counts = { done: 0, failed: 0, tokens: 0 };
  for await (const line of lines) {
    if ('error' in line) counts.failed += 1;
    else {
      counts.done += 1;
      counts.tokens += line.tokenCount;
    }
  }
  return counts;
}
