import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { CHECKOUT } from '@glyphmill/runtimes/setup';

interface Entry {
  link?: boolean;
  integrity?: string;
}

test('the lock file has the hash of every package that is fetched, those of other platforms too', () => {
  const lock = JSON.parse(readFileSync(path.join(CHECKOUT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Entry>;
  };
  const fetched = Object.entries(lock.packages).filter(([key, { link }]) => key.includes('node_modules/') && !link);
  expect(fetched.length).toBeGreaterThan(500);
  expect(fetched.filter(([, { integrity }]) => integrity === undefined).map(([key]) => key)).toEqual([]);
});
