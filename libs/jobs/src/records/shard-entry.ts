import { generationRuntime } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';

/** What was made of a shard's sequences (a sequence is one sample of one prompt), and how many new tokens. */
export const shardCounts = z.object({ done: z.int(), failed: z.int(), tokens: z.int() });
export type ShardCounts = z.output<typeof shardCounts>;

/** What the work on a shard yields. */
export const shardResult = shardCounts.extend({
  /** What its text was computed on; left out if another attempt had written it. */
  ranOn: generationRuntime.optional(),
});
export type ShardResult = z.output<typeof shardResult>;

/** How far one shard is. */
export interface ShardProgress extends ShardCounts {
  tokensPerSecond: number;
}

/**
 * A shard that has a ticket and is not committed, as the record's table of open shards keeps it. The table holds no
 * others, so it is as small as the job is wide. What only the scripts need is kept as it is.
 */
const shardEntry = z.looseObject({
  /** The number of its newest delivery; only that one may claim it. */
  delivery: z.int(),
  /** Attempts spent on it. */
  spent: z.int(),
  /** The lease token of the worker that has it. */
  token: z.string().optional(),
  /** The shards whose tickets its commit adds: from `from` up to but without `to`. Set by its first claim. */
  from: z.int().optional(),
  to: z.int().optional(),
  /** Whether it waits for its back-off. */
  due: z.boolean().optional(),
});
export type ShardEntry = z.output<typeof shardEntry>;

/** The entry of a shard whose first ticket is added, as JSON. */
export const FIRST_ENTRY = JSON.stringify({ delivery: 1, spent: 0 } satisfies ShardEntry);

/** Parses an entry. */
export function parseEntry(text: string): ShardEntry {
  return shardEntry.parse(JSON.parse(text));
}

/** Reads a table of open shards, in no order. */
export async function readOpenShards(redis: Redis, key: string): Promise<[shard: number, entry: ShardEntry][]> {
  const table = await redis.hgetall(key);
  return Object.entries(table).map(([shard, text]) => [Number(shard), parseEntry(text)]);
}
