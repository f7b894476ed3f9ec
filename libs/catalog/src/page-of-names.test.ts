import { expect, test } from 'vitest';
import { pageOfNames } from './page-of-names.js';

const names = ['b', 'a', 'd', 'c'];

test('a page starts after the cursor and names the next one', () => {
  expect(pageOfNames(names, 'ascending', { limit: 2 })).toEqual({ data: ['a', 'b'], nextCursor: 'b' });
  expect(pageOfNames(names, 'ascending', { limit: 2, after: 'b' })).toEqual({ data: ['c', 'd'], nextCursor: null });
});

test('a descending list goes down from the cursor', () => {
  expect(pageOfNames(names, 'descending', { limit: 3 })).toEqual({ data: ['d', 'c', 'b'], nextCursor: 'b' });
  expect(pageOfNames(names, 'descending', { limit: 3, after: 'b' })).toEqual({ data: ['a'], nextCursor: null });
});

test('a cursor whose item is gone still finds the next page', () => {
  expect(pageOfNames(['a', 'c'], 'ascending', { limit: 5, after: 'b' }).data).toEqual(['c']);
});
