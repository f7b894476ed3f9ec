import { describe, expect, test } from 'vitest';
import { planShards, promptsOfShard } from './shard-plan.js';

function rangesOf(request: { promptCount: number; samples: number; maxNewTokens: number; logprobs?: number }) {
  const plan = planShards({ logprobs: 0, ...request });
  return Array.from({ length: plan.shards }, (_, shard) => promptsOfShard({ ...request, ...plan }, shard));
}

describe('the plan of a job', () => {
  test('the plan of a job has every prompt in one shard, in order', () => {
    const ranges = rangesOf({ promptCount: 1000, samples: 3, maxNewTokens: 10 });
    expect(ranges[0]).toEqual({ first: 0, end: 85 });
    expect(ranges.at(-1)?.end).toBe(1000);
    for (const [shard, { first }] of ranges.entries()) expect(first).toBe(shard === 0 ? 0 : ranges[shard - 1]?.end);
  });

  test('the plan of a job gives a prompt with more samples than a shard should hold a shard of its own', () => {
    expect(rangesOf({ promptCount: 2, samples: 1000, maxNewTokens: 1 })).toHaveLength(2);
  });

  test('the plan of a job has small shards where texts are long', () => {
    expect(rangesOf({ promptCount: 3, samples: 1, maxNewTokens: 1_000_000 })).toHaveLength(3);
    expect(rangesOf({ promptCount: 30, samples: 1, maxNewTokens: 10_000, logprobs: 5 })).toHaveLength(30);
  });
});
