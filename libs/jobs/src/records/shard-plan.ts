/** How much text one shard holds at most: what is lost when a worker dies, and what is in memory at once. */
const SHARD_SEQUENCES = 256;
const SHARD_TOKENS = 1_000_000;

/** A log probability takes as much room as so many tokens. */
const LOGPROB_TOKENS = 20;

/** How the prompts of a job are cut into shards. */
export interface ShardPlan {
  shards: number;
  /** How many prompts each shard but the last has. */
  promptsPerShard: number;
}

/** What the cut depends on. */
interface PlannedRequest {
  promptCount: number;
  samples: number;
  maxNewTokens: number;
  logprobs: number;
}

/**
 * Cuts prompts into shards of whole prompts. The cut depends on the request alone, so whoever works on a shard, and
 * however often, writes the same lines.
 */
export function planShards({ promptCount, samples, maxNewTokens, logprobs }: PlannedRequest): ShardPlan {
  const room = maxNewTokens * (1 + LOGPROB_TOKENS * logprobs);
  const sequences = Math.min(SHARD_SEQUENCES, Math.ceil(SHARD_TOKENS / room));
  const promptsPerShard = Math.max(1, Math.floor(sequences / samples));
  return { shards: Math.ceil(promptCount / promptsPerShard), promptsPerShard };
}

/** Which prompts of a job a shard has: from `first` up to but without `end`. */
export interface PromptRange {
  first: number;
  end: number;
}

/** The prompts of one shard. */
export function promptsOfShard(
  { promptCount, promptsPerShard }: { promptCount: number; promptsPerShard: number },
  shard: number,
): PromptRange {
  const first = shard * promptsPerShard;
  return { first, end: Math.min(first + promptsPerShard, promptCount) };
}
