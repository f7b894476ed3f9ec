import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { CHECKOUT } from '@glyphmill/runtimes/setup';

const documents = globSync(['*.md', '{docs,examples,libs/*,apps/*}/**/*.md'], {
  cwd: CHECKOUT,
  exclude: (name) => /(?:^|\/)node_modules$/u.test(name),
});

/** Parts of a path that stand for any name. */
const PLACEHOLDER = /[A-Z]{2}|[*{}…]/u;

test.each(documents)('every link of %s leads to a file of the project', (document) => {
  const text = readFileSync(path.join(CHECKOUT, document), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/gu), ...text.matchAll(/(?:src|srcset)="([^"#]+)"/gu)];
  const folder = path.join(CHECKOUT, path.dirname(document));
  expect(links.map(([, link = '']) => link).filter((link) => !existsSync(path.join(folder, link)))).toEqual([]);
});

// Decisions name the files of their day.
const current = documents.filter((name) => !name.startsWith('docs/decisions/') && name !== 'CHANGELOG.md');

test.each(current)('every file that %s names exists', (document) => {
  const text = readFileSync(path.join(CHECKOUT, document), 'utf8');
  const named = [...text.matchAll(/`((?:libs|apps|scripts|bench|chaos|docs|examples)\/[^`\s]+)`/gu)].map(
    ([, name = '']) => name,
  );
  expect(named.filter((name) => !PLACEHOLDER.test(name) && !existsSync(path.join(CHECKOUT, name)))).toEqual([]);
});
