/** A prompt and its place in the request. */
export interface PlacedPrompt {
  promptIndex: number;
  text: string;
}

/** How much text one shard holds at most: what is lost when a worker dies, and what is in memory at once. */
const SHARD_SEQUENCES = 256;
const SHARD_TOKENS = 1_000_000;

/**
 * Cuts the prompts of a request into shards, each of whole prompts. The cut depends on the request alone, so every
 * worker that ever runs the job writes the same shards.
 */
export function cutShards(request: { prompts: string[]; samples: number; maxNewTokens: number }): PlacedPrompt[][] {
  const sequences = Math.min(SHARD_SEQUENCES, Math.ceil(SHARD_TOKENS / request.maxNewTokens));
  const size = Math.max(1, Math.floor(sequences / request.samples));
  const placed = request.prompts.map((text, promptIndex) => ({ promptIndex, text }));
  const shards: PlacedPrompt[][] = [];
  for (let start = 0; start < placed.length; start += size) shards.push(placed.slice(start, start + size));
  return shards;
}

/** The storage key of a shard's lines; keys sort as the shards do. */
export function shardKey(jobId: string, shard: number): string {
  return `outputs/${jobId}/${String(shard).padStart(5, '0')}.jsonl`;
}
