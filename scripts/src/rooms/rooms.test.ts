import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { CHECKOUT } from '@glyphmill/runtimes/setup';
import { allowsRoom } from './import-refusal.ts';
import { ROOMS, type Room } from './rooms.ts';

interface Manifest {
  name: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const SCOPE = '@glyphmill/';

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(CHECKOUT, folder, 'package.json'), 'utf8')) as Manifest;
}

function nameOf({ folder }: Room): string {
  return manifestOf(folder).name.slice(SCOPE.length);
}

describe('the list of rooms', () => {
  it('the list of rooms has every workspace of the project, and no other folder', () => {
    const workspaces = globSync(manifestOf('.').workspaces ?? [], { cwd: CHECKOUT });
    expect(ROOMS.map(({ folder }) => folder).toSorted()).toEqual(workspaces.toSorted());
  });

  it('the list of rooms goes from the bottom up: a room imports only rooms that stand before it', () => {
    const names = ROOMS.map(nameOf);
    for (const [index, { rooms, starts = [] }] of ROOMS.entries()) {
      for (const used of [...rooms, ...starts]) expect(names.slice(0, index)).toContain(used.split('/')[0]);
    }
  });
});

const rows = readFileSync(path.join(CHECKOUT, 'docs/architecture.md'), 'utf8').matchAll(
  /^\| `(?<folder>(?:(?:libs|apps)\/)?[\w-]+)` \|.*\| (?<mayImport>[^|]+) \|$/gmu,
);
const documented = Object.fromEntries(
  Array.from(rows, ({ groups }) => [groups?.['folder'] ?? '', groups?.['mayImport'] ?? '']),
);

it.each(ROOMS)('the table of docs/architecture.md says what $folder may import', ({ folder, rooms, starts = [] }) => {
  const imported = rooms.length === 0 ? '–' : rooms.join(', ');
  const started = starts.length === 0 ? '' : `; starts ${starts.join(', ')}`;
  expect(documented[folder]).toBe(imported + started);
});

it('the table of docs/architecture.md has no row for a room that does not exist', () => {
  const rooms = new Set(ROOMS.map(({ folder }) => folder));
  expect(Object.keys(documented).filter((folder) => !rooms.has(folder))).toEqual([]);
});

it.each(ROOMS)('$folder depends on no package that it may not import', (room) => {
  const { dependencies = {}, devDependencies = {} } = manifestOf(room.folder);
  const { rooms = [], packages = [] } = room.tests ?? {};
  const ofSources = [...room.rooms, ...(room.starts ?? [])];
  expect(Object.keys(dependencies).filter((name) => !isAllowed(name, ofSources, room.packages))).toEqual([]);
  const ofTests = [...ofSources, ...rooms];
  const forTests = [...room.packages, ...packages];
  expect(Object.keys(devDependencies).filter((name) => !isAllowed(name, ofTests, forTests))).toEqual([]);
});

/** Whether one of the entries of a package may be imported, or the package that it has the types of. */
function isAllowed(dependency: string, rooms: readonly string[], packages: readonly string[]): boolean {
  if (!dependency.startsWith(SCOPE)) return packages.includes(dependency.replace(/^@types\//u, ''));
  const name = dependency.slice(SCOPE.length);
  return allowsRoom(rooms, name) || rooms.some((room) => room.startsWith(`${name}/`));
}
