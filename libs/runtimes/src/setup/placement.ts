import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Makes `link` point to `target`, replacing what is there. Others see the old one or the new one, never none. */
export function placeLink(target: string, link: string): void {
  if (linkTarget(link) === target) return;
  mkdirSync(path.dirname(link), { recursive: true });
  const beside = temporaryName(link);
  symlinkSync(target, beside);
  replace(beside, link);
}

/** Makes `file` a copy of `source`, unless it is one already. */
export function placeCopy(source: string, file: string): void {
  if (bytesOf(file)?.equals(readFileSync(source))) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const beside = temporaryName(file);
  copyFileSync(source, beside);
  replace(beside, file);
}

/** Makes `file` hold `text`, unless it does already. */
export function placeText(text: string, file: string): void {
  if (bytesOf(file)?.toString() === text) return;
  const beside = temporaryName(file);
  writeFileSync(beside, text);
  replace(beside, file);
}

function replace(beside: string, place: string): void {
  try {
    renameSync(beside, place);
  } catch {
    // A folder cannot be renamed over; one that is here was made by hand.
    rmSync(place, { recursive: true, force: true });
    renameSync(beside, place);
  }
}

function temporaryName(file: string): string {
  return `${file}.${randomBytes(4).toString('hex')}`;
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
