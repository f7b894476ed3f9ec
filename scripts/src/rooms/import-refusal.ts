import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

import { type Part, ROOMS, type Room, TEST_PACKAGES } from './rooms.ts';

const LIST = 'scripts/src/rooms/rooms.ts';

/** How a file names a module: to load it, or to find out where it lies. */
export type ImportKind = 'import' | 'resolve';

/**
 * Why a file may not import a module, as a sentence for people; undefined if it may.
 *
 * @param file its path from the root of the project, with slashes
 * @param specifier the module as the import names it
 */
export function importRefusal(file: string, specifier: string, kind: ImportKind = 'import'): string | undefined {
  // Settings of tools at the root belong to no room.
  if (!file.includes('/')) return undefined;
  const room = roomOf(file);
  if (!room) return `${file} lies in no room: add its folder to ${LIST}, with what it may import.`;
  const isTest = isTestFile(file);
  const part = isTest ? undefined : room.parts?.find(({ folder }) => isWithin(file, `${room.folder}/${folder}`));
  const rules = rulesOf(room, part, isTest);
  const where = part ? `${room.folder}/${part.folder}` : room.folder;

  if (/^\.{1,2}(?:\/|$)/u.test(specifier)) {
    return pathRefusal(posix.join(posix.dirname(file), specifier), { room, part, where, isTest, rooms: rules.rooms });
  }
  if (isBuiltin(specifier)) {
    return rules.forBrowsers ? `${where} is loaded by browsers, which have no ${specifier}.` : undefined;
  }
  const ours = /^@glyphmill\/(.+)$/u.exec(specifier)?.[1];
  if (ours === undefined) {
    const name = packageOf(specifier);
    if (rules.packages.includes(name)) return undefined;
    return `${where} may not import the package ${name}. It may import ${listed(rules.packages)} (${LIST}).`;
  }
  if (allowsRoom(rules.rooms, ours)) return undefined;
  if (kind === 'resolve' && allowsRoom(room.starts ?? [], ours)) return undefined;
  return `${where} may not import ${specifier}. Of the other rooms it may import ${listed(rules.rooms)} (${LIST}).`;
}

interface Importer {
  room: Room;
  part: Part | undefined;
  where: string;
  isTest: boolean;
  rooms: readonly string[];
}

/** Why a file may not import another one by its path. */
function pathRefusal(target: string, { room, part, where, isTest, rooms }: Importer): string | undefined {
  if (!isWithin(target, room.folder)) {
    const other = roomOf(target);
    // Fixtures are of no package's entry, so that tests of other rooms can only name their file.
    if (isTest && other && /\.fixture\.\w+$/u.test(target) && allowsRoom(rooms, posix.basename(other.folder))) {
      return undefined;
    }
    return `${target} lies outside of ${room.folder}: import the entry of a room that ${LIST} allows.`;
  }
  if (!part?.beside || isWithin(target, `${room.folder}/${part.folder}`)) return undefined;
  const isBeside = (name: string) => `${target.replace(/\.\w+$/u, '')}/`.startsWith(`${room.folder}/src/${name}/`);
  if (part.beside.some(isBeside)) return undefined;
  return `${where} may not import ${target}. Beside itself it may import ${listed(part.beside)} (${LIST}).`;
}

function rulesOf(room: Room, part: Part | undefined, isTest: boolean) {
  if (!isTest) return { forBrowsers: false, ...room, ...part };
  const { rooms = [], packages = [] } = room.tests ?? {};
  return {
    rooms: [...room.rooms, ...rooms],
    packages: [...room.packages, ...packages, ...TEST_PACKAGES],
    // Node.js runs the tests.
    forBrowsers: false,
  };
}

function roomOf(file: string): Room | undefined {
  return ROOMS.find(({ folder }) => isWithin(file, folder));
}

function isTestFile(file: string): boolean {
  return /\.(?:test|fixture)\.\w+$/u.test(file) || file.includes('/test/');
}

function isWithin(file: string, folder: string): boolean {
  return file.startsWith(`${folder}/`);
}

/** Whether a list of rooms holds one, or the one entry of it that is named: `model` holds `model/config`. */
export function allowsRoom(rooms: readonly string[], name: string): boolean {
  return rooms.some((room) => name === room || name.startsWith(`${room}/`));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
