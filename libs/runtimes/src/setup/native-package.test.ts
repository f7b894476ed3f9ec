import { describe, expect, it } from 'vitest';

import { nvidiaPackages, tensorflowPackage, valkeyPackage } from './native-package.ts';

describe('the pinned packages', () => {
  it('the pinned packages are TensorFlow for each platform, one version for both builds', () => {
    const packages = [
      tensorflowPackage('linux-x64', 'cpu'),
      tensorflowPackage('linux-x64', 'cuda'),
      tensorflowPackage('linux-arm64', 'cpu'),
      tensorflowPackage('darwin-arm64', 'cpu'),
    ];
    expect(packages.map(({ name }) => name)).toEqual(['tensorflow-cpu', 'tensorflow', 'tensorflow', 'tensorflow']);
    expect(new Set(packages.map(({ version }) => version)).size).toBe(1);
    expect(new Set(packages.map(({ key }) => key)).size).toBe(packages.length);
  });

  it('all carry a sha256, one for each platform', () => {
    const hashes = (requirement: string) => requirement.match(/--hash=sha256:[0-9a-f]{64}\b/gu)?.length;
    expect(hashes(tensorflowPackage('linux-x64', 'cpu').requirement)).toBe(1);
    expect(hashes(tensorflowPackage('linux-x64', 'cuda').requirement)).toBe(3);
    expect(hashes(valkeyPackage('linux-x64').requirement)).toBe(3);
    expect(nvidiaPackages().map(({ requirement }) => hashes(requirement))).toEqual(Array.from({ length: 12 }, () => 1));
  });
});
