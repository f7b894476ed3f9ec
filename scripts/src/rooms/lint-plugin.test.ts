import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CHECKOUT, installedPackage } from '@glyphmill/runtimes/setup';

let project: string;
beforeEach(() => {
  project = mkdtempSync(path.join(os.tmpdir(), 'glyphmill-lint-'));
});
afterEach(() => rmSync(project, { recursive: true }));

/** Lints one file at a path of the project, with the project's own settings; what it imports need not exist. */
function lint(file: string, source: string): string[] {
  mkdirSync(path.join(project, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(project, file), source);
  const oxlint = path.join(installedPackage('oxlint'), 'bin', 'oxlint');
  const args = [oxlint, '--config', path.join(CHECKOUT, '.oxlintrc.json'), '--format', 'json', file];
  const { stdout } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; message: string }[] };
  return diagnostics.filter(({ code }) => code === 'rooms(imports)').map(({ message }) => message);
}

describe('npm run lint', () => {
  it('npm run lint refuses the import of a room that is not allowed, and says which are', () => {
    expect(lint('libs/jobs/src/forbidden.ts', `import { openStorage } from '@glyphmill/storage';`)).toEqual([
      'libs/jobs may not import @glyphmill/storage. Of the other rooms it may import contract (scripts/src/rooms/rooms.ts).',
    ]);
  });

  it('npm run lint refuses the import of a package that is not allowed', () => {
    expect(lint('apps/worker/src/forbidden.ts', `import { Queue } from 'bullmq';`)).toEqual([
      'apps/worker may not import the package bullmq. It may import pino, ulid, zod (scripts/src/rooms/rooms.ts).',
    ]);
  });

  it.each([
    ['a re-export', `export * from '@glyphmill/jobs';`],
    ['a named re-export', `export { JobBoard } from '@glyphmill/jobs';`],
    ['an import of types', `import type { JobBoard } from '@glyphmill/jobs';`],
    ['an import within a type', `export type Store = import('@glyphmill/jobs').JobBoard;`],
    ['an import at run time', `await import('@glyphmill/jobs');`],
    ['the address of a module', `import.meta.resolve('@glyphmill/jobs');`],
    ['a path into another room', `import '../../jobs/src/job-board.js';`],
  ])('npm run lint refuses %s too', (_name, source) => {
    expect(lint('libs/storage/src/forbidden.ts', source)).toHaveLength(1);
  });

  it('npm run lint lets an allowed import pass', () => {
    expect(
      lint('libs/jobs/src/allowed.ts', `import 'bullmq';\nimport '@glyphmill/contract';\nimport './lease.js';`),
    ).toEqual([]);
  });
});
