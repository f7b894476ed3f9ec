import { connectRedis } from '@glyphmill/jobs';
import { findRuntimes } from '@glyphmill/runtimes';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

async function refusal(settings: NodeJS.ProcessEnv) {
  const worker = place.spawnWorker(settings);
  expect(await worker.exitCode).toBe(1);
  expect(worker.log).toHaveLength(1);
  return worker.log[0]!;
}

describe('a worker does not start, and says why in one line,', () => {
  test.each([
    [{ DEVICE: 'tpu' }, 'DEVICE is "tpu": auto, cpu or cuda:N'],
    [{ THREADS: '0' }, 'THREADS is "0": a whole number from 1 to 1024'],
    [{ REDIS_URL: '' }, 'REDIS_URL is not set: a redis:// or rediss:// address; the worker needs one'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud": one of trace, debug, info, warn, error, silent'],
    [{ WORKER_ROLES: 'cook' }, 'WORKER_ROLES is "cook": train, generate, or both with a comma between'],
  ])('a worker does not start, and says why in one line, with %o', async (settings, msg) => {
    expect(await refusal(settings)).toMatchObject({ level: 60, code: 'invalid_setting', msg });
  });

  test('a worker does not start, and says why in one line, where Redis may drop keys when its memory is full', async () => {
    const redis = connectRedis(place.redisUrl, 'worker', () => undefined);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const { msg } = await refusal({ WORKER_ROLES: 'generate', LOG_LEVEL: 'silent' });
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    redis.disconnect();
    expect(msg).toMatch(/maxmemory-policy of this Redis is "allkeys-lru".*Set "maxmemory-policy noeviction"/u);
  });

  test.runIf(process.platform === 'linux')(
    'a worker does not start, and says why in one line, where its storage folder cannot be made',
    async () => {
      const { msg } = await refusal({ DATA_DIR: '/proc/glyphmill' });
      expect(msg).toBe('No folder can be made in /proc. Choose another folder.');
    },
  );

  test.skipIf(findRuntimes().tensorflow.build === 'cuda').each([
    ['train', /compute on cuda:0, but its library sees cpu only.*DEVICE=cpu/u],
    ['generate', /cannot run on cuda:0.*DEVICE=cpu/u],
  ])(
    'a worker does not start, and says why in one line, where it is to %s on a GPU that is not there',
    async (role, reason) => {
      const { msg } = await refusal({ DEVICE: 'cuda:0', LOG_LEVEL: 'silent', WORKER_ROLES: role });
      expect(msg).toMatch(reason);
    },
  );
});

test('a worker on a Redis that keeps nothing on a disk warns of it', async () => {
  const worker = await place.worker({ WORKER_ROLES: 'generate' });
  const warnings = worker.log.filter(({ level }) => level === 40);
  expect(warnings).toEqual([expect.objectContaining({ msg: expect.stringContaining('keeps nothing on a disk') })]);
});

test('a worker shows in the registry what it computes on, and is taken off when it leaves', async () => {
  const worker = await place.worker({ DEVICE: 'cpu', WORKER_ROLES: 'generate,train' });
  const [shown] = await vi.waitUntil(async () => {
    const listed = await place.registry.list();
    return listed.length > 0 && listed;
  }, 120_000);
  expect(shown).toMatchObject({
    pid: worker.pid,
    device: 'cpu',
    roles: ['generate', 'train'],
    state: 'idle',
    jobs: [],
    libraries: { tensorflow: findRuntimes().tensorflow.version, tfjs: '4.22.0', onnxruntime: expect.any(String) },
  });
  worker.signal('SIGTERM');
  expect(await worker.exitCode).toBe(0);
  expect(await place.registry.list()).toEqual([]);
});
