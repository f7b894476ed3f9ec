import { describe, expect, it } from 'vitest';

import { type Machine, supportedPlatform } from './platform.ts';

const ubuntu: Machine = { system: 'linux', architecture: 'x64', release: '6.8.0', glibcVersion: '2.39' };

describe('supportedPlatform', () => {
  it.each([
    [ubuntu, 'linux-x64'],
    [{ ...ubuntu, architecture: 'arm64', glibcVersion: '2.28' }, 'linux-arm64'],
    [{ system: 'darwin', architecture: 'arm64', release: '21.6.0', glibcVersion: undefined }, 'darwin-arm64'],
  ])('%o is %s', (machine, platform) => {
    expect(supportedPlatform(machine)).toBe(platform);
  });

  it.each([
    ['Windows', { system: 'win32', architecture: 'x64', release: '10.0.22631', glibcVersion: undefined }, /WSL 2/u],
    [
      'an Intel Mac',
      { system: 'darwin', architecture: 'x64', release: '23.0.0', glibcVersion: undefined },
      /darwin-x64/u,
    ],
    ['Alpine', { ...ubuntu, glibcVersion: undefined }, /musl.*Debian/u],
    ['an old glibc', { ...ubuntu, glibcVersion: '2.27' }, /glibc 2\.27\. Use a newer one/u],
    [
      'an old macOS',
      { system: 'darwin', architecture: 'arm64', release: '20.6.0', glibcVersion: undefined },
      /Update/u,
    ],
  ])('%s is refused with a remedy', (_name, machine, message) => {
    expect(() => supportedPlatform(machine)).toThrow(
      expect.objectContaining({ code: 'platform-unsupported', message: expect.stringMatching(message) as string }),
    );
  });
});
