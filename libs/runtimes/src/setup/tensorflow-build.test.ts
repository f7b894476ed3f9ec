import { describe, expect, it } from 'vitest';

import { chooseTensorflowBuild } from './tensorflow-build.ts';

const withDriver = () => true;
const withoutDriver = () => false;

describe('chooseTensorflowBuild', () => {
  it('chooseTensorflowBuild takes the CUDA build where a driver is', () => {
    expect(chooseTensorflowBuild(undefined, 'linux-x64', withDriver)).toBe('cuda');
    expect(chooseTensorflowBuild('auto', 'linux-x64', withoutDriver)).toBe('cpu');
  });

  it('chooseTensorflowBuild has no CUDA build for aarch64 and macOS', () => {
    expect(chooseTensorflowBuild('auto', 'linux-arm64', withDriver)).toBe('cpu');
    expect(() => chooseTensorflowBuild('cuda', 'darwin-arm64', withDriver)).toThrow(/cuda.*darwin-arm64.*cpu or auto/u);
  });

  it('chooseTensorflowBuild lets the setting overrule the driver', () => {
    expect(chooseTensorflowBuild('cpu', 'linux-x64', withDriver)).toBe('cpu');
    expect(chooseTensorflowBuild('cuda', 'linux-x64', withoutDriver)).toBe('cuda');
  });

  it('chooseTensorflowBuild names what is allowed when the setting is unknown', () => {
    expect(() => chooseTensorflowBuild('gpu', 'linux-x64', withDriver)).toThrow(/"gpu".*cpu, cuda or auto/u);
  });
});
