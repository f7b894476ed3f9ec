import { expect, test } from 'vitest';
import { OpenModels } from './open-models.js';

/** Models of a size by name, and what was done with them. */
function workshop(sizes: Record<string, number>, maxBytes: number) {
  const done: string[] = [];
  const open = (folder: string) => {
    done.push(`open ${folder}`);
    const sizeBytes = sizes[folder];
    if (sizeBytes === undefined) return Promise.reject(new Error(`no ${folder}`));
    return Promise.resolve({
      sizeBytes,
      close: () => {
        done.push(`close ${folder}`);
        return Promise.resolve();
      },
    });
  };
  return { done, models: new OpenModels(open, maxBytes) };
}

const nothing = () => Promise.resolve();

test('a model stays open between its uses, and the one not used for longest is closed where they do not fit', async () => {
  const { done, models } = workshop({ a: 40, b: 40, c: 40 }, 100);
  for (const folder of ['a', 'b', 'a', 'c', 'a']) await models.use(folder, nothing);
  expect(done).toEqual(['open a', 'open b', 'open c', 'close b']);
});

test('a model that is larger than all that may be open is open while it is used', async () => {
  const { done, models } = workshop({ huge: 1000, a: 10 }, 100);
  await models.use('huge', (model) => Promise.resolve(expect(model.sizeBytes).toBe(1000)));
  await models.use('a', nothing);
  expect(done).toEqual(['open huge', 'close huge', 'open a']);
});

test('uses at the same time share a model, and it is not closed before the last has ended', async () => {
  const { done, models } = workshop({ a: 80, b: 80 }, 100);
  const first = Promise.withResolvers<void>();
  const using = [models.use('a', () => first.promise), models.use('a', nothing)];
  await using[1];
  await models.use('b', nothing);
  expect(done).toEqual(['open a', 'open b']);
  first.resolve();
  await using[0];
  expect(done).toEqual(['open a', 'open b', 'close a']);
});

test('a model that cannot be opened is tried again the next time', async () => {
  const { done, models } = workshop({}, 100);
  await expect(models.use('a', nothing)).rejects.toThrow('no a');
  await expect(models.use('a', nothing)).rejects.toThrow('no a');
  expect(done).toEqual(['open a', 'open a']);
});
