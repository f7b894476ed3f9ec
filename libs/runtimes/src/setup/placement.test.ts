import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { placeCopy, placeLink } from './placement.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'glyphmill-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('placeLink', () => {
  it('placeLink replaces a link to elsewhere, and a folder', () => {
    const link = path.join(folder, 'deps', 'lib');
    mkdirSync(path.join(link, 'made-by-hand'), { recursive: true });
    placeLink('/one', link);
    placeLink('/two', link);
    expect(readlinkSync(link)).toBe('/two');
    expect(readdirSync(path.dirname(link))).toEqual(['lib']);
  });
});

describe('placeCopy', () => {
  it('placeCopy replaces a file that differs and leaves one that does not', () => {
    const [source, file] = [path.join(folder, 'source'), path.join(folder, 'copy')];
    writeFileSync(source, 'new');
    writeFileSync(file, 'old');
    placeCopy(source, file);
    expect(readFileSync(file, 'utf8')).toBe('new');
    const { ino } = statSync(file);
    placeCopy(source, file);
    expect(statSync(file).ino).toBe(ino);
  });
});
