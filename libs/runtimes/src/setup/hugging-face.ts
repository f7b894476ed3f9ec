import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { ensureCacheEntry, findDamage, type Report } from './cache-entry.ts';
import { cacheFolder, diskFull, isAboutDisk, requireRoom } from './cache-folder.ts';
import { CHECKOUT } from './checkout.ts';
import { lastLines, runCommand } from './command.ts';
import { findPython, requirePip } from './python.ts';
import { SetupError } from './setup-error.ts';

/** PyTorch takes by far the most, so the two versions of Transformers, which cannot be in one place, share it. */
const TORCH = 'torch';
const VERSIONS = ['transformers-4', 'transformers-5'] as const;
export type TransformersVersion = (typeof VERSIONS)[number];
const MEGABYTES = 7000;
/** Python compiles its files anew as it likes, and administrators add their authorities to certificates. */
const CHANGING_FILES = /\.(?:pyc|pem)$/u;

export const HUGGING_FACE_COMMAND = 'npm run setup:hugging-face';

/** A Python that can import Transformers and PyTorch: how to start it. */
export interface HuggingFacePython {
  python: string;
  /** What it needs in its environment, beside what it inherits. */
  environment: Record<string, string>;
}

/**
 * Finds what {@link setUpHuggingFace} has put into the cache. It looks, and fetches nothing; `undefined` if Transformers
 * are not set up for this Python.
 *
 * @throws SetupError `python-missing`
 */
export function findHuggingFace(version: TransformersVersion): HuggingFacePython | undefined {
  const python = findPython();
  const folder = path.join(cacheFolder(), keyOf(python));
  if (findDamage(folder) !== undefined) return undefined;
  const PYTHONPATH = [version, TORCH].map((part) => path.join(folder, part)).join(path.delimiter);
  // The tests compare numbers on the CPU, and nothing is to be looked up on a server.
  return { python, environment: { PYTHONPATH, CUDA_VISIBLE_DEVICES: '', HF_HUB_OFFLINE: '1' } };
}

/**
 * Sees to it that PyTorch and both major versions of Transformers, pinned in libs/runtimes/requirements, are in the cache: what
 * the tests of published models open them with. Nothing else of the project needs them.
 *
 * @throws SetupError `pip-missing`, `download-failed`, `disk-full`, and those of ensureCacheEntry
 */
export async function setUpHuggingFace(report: Report): Promise<void> {
  const cache = cacheFolder();
  const fill = async (folder: string, python: string) => {
    requirePip(python);
    await requireRoom(cache, 'PyTorch with Transformers', MEGABYTES);
    report(`Fetching PyTorch and Transformers 4 and 5 for the tests into ${cache}, about 5.5 GB`);
    for (const part of [TORCH, ...VERSIONS]) {
      await install(python, folder, part);
      report(`  ${part}`);
    }
  };
  await ensureCacheEntry(cache, keyOf(findPython()), report, fill, CHANGING_FILES);
}

async function install(python: string, folder: string, part: string): Promise<void> {
  const target = path.join(folder, part);
  mkdirSync(target);
  const args = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
  args.push('--no-cache-dir', '--no-warn-conflicts', '--only-binary=:all:', '--target', target);
  // What PyTorch pins itself, by platform, is the only thing that is not in the lists.
  if (part !== TORCH) args.push('--no-deps');
  const { status, output } = await runCommand(python, [...args, '--requirement', requirementsOf(part)]);
  if (isAboutDisk(output)) throw diskFull(folder, `${part} did not fit`);
  if (status === 0) return;
  throw new SetupError(
    'download-failed',
    `pip could not install ${path.basename(requirementsOf(part))} (${lastLines(output, 2)}). It needs Python 3.11 or newer ` +
      `(${python}) and a Python package index; name another Python by PYTHON, and run \`${HUGGING_FACE_COMMAND}\` again.`,
  );
}

/** Another Python, platform or list is another entry. */
function keyOf(python: string): string {
  const hash = createHash('sha256').update(`${python} ${process.platform} ${process.arch}`);
  for (const part of [TORCH, ...VERSIONS]) hash.update(readFileSync(requirementsOf(part)));
  return `hugging-face-${hash.digest('hex').slice(0, 12)}`;
}

function requirementsOf(part: string): string {
  return path.join(CHECKOUT, 'libs', 'runtimes', 'requirements', `hugging-face-${part}.txt`);
}
