/**
 * Runs before every command of the project: sets up the native runtimes where they are missing, then builds.
 * It runs from a clean `npm ci`: what it imports is source, since nothing is built yet.
 */
import process from 'node:process';

import { buildPackages } from './build.ts';
import { SetupError, setUpRuntimes } from '@glyphmill/runtimes/setup';

// An exit in place of the signal's default, so that what runs for us is ended too.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  const report = (line: string) => console.log(line);
  await setUpRuntimes(report);
  await buildPackages(report);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\n${error.message}\n`);
  process.exitCode = 1;
}
