import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { EventHub } from '../board/event-hub.js';
import { shardedDraft, trainDraft } from '../proof/job-drafts.fixture.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { lane } from './lane.js';
import { useValkey } from '../redis/redis.fixture.js';
import { WorkerRegistry } from '../board/worker-registry.js';

const valkey = useValkey();

/** The keys of the table in docs/architecture.md, as patterns. */
function documentedKeys(prefix: string): { key: string; pattern: RegExp }[] {
  const text = readFileSync(new URL('../../../../docs/architecture.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `PREFIX(:[^`]+)` \| /gmu)].map(([, key = '']) => {
    const escaped = `${prefix}${key}`.replaceAll(/[{}]/gu, String.raw`\$&`);
    return { key, pattern: new RegExp(`^${escaped.replaceAll(/[A-Z_]{2,}/gu, '[^:]+')}$`, 'u') };
  });
}

test('every key that jobs leave in Redis is documented, and every documented one exists', async () => {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const store = new WorkedBoard({ redis, prefix });
  const seen = new Set<string>();
  const look = async () => {
    for (const key of await redis.keys(`${prefix}:*`)) seen.add(key);
  };
  const failure = { code: 'engine_died', message: 'it died', retryable: true };
  const by = { delivery: 1, token: 'token', worker: 'worker_1' };

  const registry = new WorkerRegistry({ redis, prefix });
  await registry.announce({
    id: 'worker_1',
    host: 'localhost',
    pid: 1,
    device: 'cpu',
    roles: ['train'],
    libraries: {},
    state: 'idle',
    jobs: [],
    tokensPerSecond: 0,
    startedAt: new Date().toISOString(),
  });
  const hub = new EventHub({ redis, store, prefix });
  const [train, sharded, queued] = await store.create(
    [
      trainDraft({ tags: ['demo'], deadline: new Date(Date.now() + 60_000).toISOString() }),
      shardedDraft(2),
      trainDraft({ dataset: 'other' }),
    ],
    { scope: 'scope', hash: 'hash' },
  );
  await store.claim(train!.id, by);
  await store.saveCheckpoint(train!.id, 'token', { key: `checkpoints/${train!.id}/1`, step: 1 });
  await store.settle(train!.id, 'token', { state: 'failed', error: failure });
  await look();
  await store.cancel(train!.id);
  await store.create([{ ...trainDraft(), retryOf: train!.id, checkpoints: await store.checkpoints(train!.id) }]);
  const shard = await store.shards.claim(sharded!.id, 0, by);
  await store.shards.settle(shard!, 'token', { state: 'succeeded', result: { done: 1, failed: 0, tokens: 1 } });
  await store.artifacts.startDeletion({ kind: 'model', id: 'unused' });
  await store.pause(queued!.id);
  // The second follower interrupts the read of the first.
  const following = new AbortController();
  const readAll = async (id: string) => {
    for await (const event of hub.follow(id, '0', following.signal)) void event;
  };
  const followers = [readAll(queued!.id), readAll(sharded!.id)];
  await vi.waitUntil(async () => (await redis.keys(`${prefix}:hub:*`)).length > 0, 120_000);
  await look();
  following.abort();
  await Promise.all(followers);
  await hub.close();

  const documented = documentedKeys(prefix);
  const isBull = (key: string) => lane.options.some((each) => key.startsWith(`${prefix}:${each}:`));
  const undocumented = [...seen].filter((key) => !isBull(key) && !documented.some(({ pattern }) => pattern.test(key)));
  expect(undocumented).toEqual([]);
  const unseen = documented.filter(({ pattern }) => ![...seen].some((key) => pattern.test(key)));
  expect(unseen.map(({ key }) => key)).toEqual([]);
});
