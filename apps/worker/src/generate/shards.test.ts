import { describe, expect, test } from 'vitest';
import { cutShards, shardKey } from './shards.js';

describe('cutShards', () => {
  test('every prompt is in one shard, in order, with its index', () => {
    const prompts = Array.from({ length: 1000 }, (_, i) => `prompt ${i}`);
    const shards = cutShards({ prompts, samples: 3, maxNewTokens: 10 });
    expect(shards.flat()).toEqual(prompts.map((text, promptIndex) => ({ promptIndex, text })));
    expect(Math.max(...shards.map((shard) => shard.length * 3))).toBeLessThanOrEqual(256);
  });

  test('a prompt with more samples than a shard should hold is still one shard', () => {
    expect(cutShards({ prompts: ['a', 'b'], samples: 1000, maxNewTokens: 1 })).toHaveLength(2);
  });

  test('long texts make small shards', () => {
    expect(cutShards({ prompts: ['a', 'b', 'c'], samples: 1, maxNewTokens: 1_000_000 })).toHaveLength(3);
  });
});

test('the keys of shards sort as the shards do', () => {
  const keys = [0, 9, 10, 99_999].map((shard) => shardKey('job_1', shard));
  expect([...keys].sort()).toEqual(keys);
});
