import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { SetupError } from './setup-error.ts';

/** The root of the working tree that this file is in (as src/setup/ or dist/setup/). */
export const CHECKOUT = fileURLToPath(new URL('../../../..', import.meta.url));

/** @throws SetupError `dependencies-missing` if npm has not installed the package */
export function installedPackage(name: string): string {
  const folder = path.join(CHECKOUT, 'node_modules', name);
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  throw new SetupError('dependencies-missing', `The npm package ${name} is not installed. Run \`npm ci\` first.`);
}
