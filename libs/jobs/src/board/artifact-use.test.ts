import { expect, test } from 'vitest';
import { kindNamed } from '../kinds/kinds.js';
import { ArtifactDeletedError } from './errors.js';
import { generateDraft, shardedDraft, trainDraft } from '../proof/job-drafts.fixture.js';
import { JobKeys } from '../records/job-keys.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';
import { DELETING } from '../scripts/artifact-use.js';

const valkey = useValkey();

function openStore() {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const store = new WorkedBoard({ redis, prefix });
  return { redis, store, uses: store.artifacts, keys: new JobKeys(prefix) };
}

const mobyDick = { kind: 'dataset', id: 'moby-dick' } as const;
const model = { kind: 'model', id: 'model_1' } as const;

test('a train job needs its dataset and the model that it starts from, a generate job its model and prompts file', () => {
  expect(kindNamed('train').artifactsOf(trainDraft({ initFrom: 'model_1' }).request)).toEqual([
    { ...mobyDick, field: 'dataset' },
    { ...model, field: 'initFrom' },
  ]);
  expect(kindNamed('generate').artifactsOf(shardedDraft(1).request)).toEqual([
    { ...model, field: 'model' },
    { kind: 'dataset', id: 'dataset_1', field: 'promptsDataset' },
  ]);
});

test('an artifact that a live job needs is not deleted, whatever the state, and then it is', async () => {
  const { store, uses } = openStore();
  const [job] = await store.create([trainDraft()]);
  const id = job!.id;
  expect(await uses.startDeletion(mobyDick)).toEqual({ id, state: 'queued' });
  await store.pause(id);
  expect(await uses.startDeletion(mobyDick)).toEqual({ id, state: 'paused' });
  await store.resume(id);
  await store.claim(id, { delivery: 2, token: 'token', worker: 'worker_1' });
  expect(await uses.startDeletion(mobyDick)).toEqual({ id, state: 'running' });
  await store.settle(id, 'token', { state: 'succeeded', result: { model: 'made', trainLoss: 2, validationLoss: 2 } });
  expect(await uses.startDeletion(mobyDick)).toBeUndefined();
});

test('no job is created that needs what is being deleted or was just now, and what could not be deleted is used', async () => {
  const { store, uses } = openStore();
  const drafts = [trainDraft({ dataset: 'other' }), generateDraft()];
  await uses.startDeletion(model);
  const refused = { artifact: { ...model, field: 'model' }, place: 1 };
  await expect(store.create(drafts)).rejects.toMatchObject(refused);
  await uses.endDeletion(model, true);
  await expect(store.create(drafts)).rejects.toThrow(ArtifactDeletedError);
  expect(await store.queueCounts('train')).toMatchObject({ waiting: 0 });

  await uses.startDeletion(model);
  await uses.endDeletion(model, false);
  expect(await store.create(drafts)).toHaveLength(2);
});

test('of a deletion and jobs at once, either the deletion is refused or the jobs are', async () => {
  const { store, uses } = openStore();
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 20 }, () => store.create([trainDraft()])),
    uses.startDeletion(mobyDick),
    ...Array.from({ length: 20 }, () => store.create([trainDraft()])),
  ]);
  const deletion = outcomes[20];
  const made = outcomes.filter((one, place) => place !== 20 && one.status === 'fulfilled').length;
  const isRefused = deletion?.status === 'fulfilled' && deletion.value !== undefined;
  expect(isRefused ? made : 0).toBe(isRefused ? 40 : made);
});

test('a deletion is forgotten when the artifact was stored again, and a later one is not', async () => {
  const { store, uses } = openStore();
  await uses.startDeletion(mobyDick);
  expect(await uses.deletionOf(mobyDick)).toBe(DELETING);
  await uses.endDeletion(mobyDick, true);
  const first = (await uses.deletionOf(mobyDick))!;
  await uses.startDeletion(mobyDick);
  await uses.endDeletion(mobyDick, true);
  await uses.forgetDeletion(mobyDick, first);
  await expect(store.create([trainDraft()])).rejects.toThrow(ArtifactDeletedError);
  await uses.forgetDeletion(mobyDick, (await uses.deletionOf(mobyDick))!);
  expect(await store.create([trainDraft()])).toHaveLength(1);
});

test('live jobs of an earlier version, which wrote down no users, are found', async () => {
  const { redis, store, uses, keys } = openStore();
  const [job, ended] = await store.create([trainDraft(), trainDraft({ dataset: 'other' })]);
  await store.cancel(ended!.id);
  await redis.hdel(keys.job(job!.id), 'artifacts');
  await redis.del(keys.users(mobyDick));
  expect(await uses.startDeletion(mobyDick)).toEqual({ id: job!.id, state: 'queued' });
  await store.cancel(job!.id);
  expect(await uses.startDeletion(mobyDick)).toBeUndefined();
});

test('a job that an earlier version ended needs nothing any more', async () => {
  const { redis, store, uses, keys } = openStore();
  const [job] = await store.create([trainDraft()]);
  await redis.sadd(keys.users(model), job!.id, 'job_that_is_gone');
  await store.cancel(job!.id);
  expect(await uses.startDeletion(model)).toBeUndefined();
});
