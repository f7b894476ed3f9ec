/** `npm run setup:hugging-face`: fetches what the tests open published models with in Python. */
import process from 'node:process';

import { SetupError, setUpHuggingFace } from '@glyphmill/runtimes/setup';

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await setUpHuggingFace((line) => console.log(line));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\n${error.message}\n`);
  process.exitCode = 1;
}
