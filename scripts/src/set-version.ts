/** `set-version.ts VERSION`: writes a version into every package.json, even if packages depend on each other. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { CHECKOUT } from '@glyphmill/runtimes/setup';

import { type Manifest, withVersion } from './with-version.ts';

const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/u.test(version)) {
  console.error(`"${version}" is no version; give one such as 0.2.0.`);
  process.exit(1);
}
const read = (file: string) => JSON.parse(readFileSync(path.join(CHECKOUT, file), 'utf8')) as Manifest;
const files = globSync(read('package.json').workspaces ?? [], { cwd: CHECKOUT }).map(
  (folder) => `${folder}/package.json`,
);
for (const file of ['package.json', ...files]) {
  writeFileSync(path.join(CHECKOUT, file), `${JSON.stringify(withVersion(read(file), version), undefined, 2)}\n`);
}
