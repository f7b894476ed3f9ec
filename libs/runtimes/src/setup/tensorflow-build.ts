import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { SetupError } from './setup-error.ts';
import type { Platform } from './platform.ts';

export type TensorflowBuild = 'cpu' | 'cuda';

/**
 * Which TensorFlow to set up. `auto` (or no setting) takes the CUDA build where an NVIDIA driver is present.
 *
 * @param setting the environment's GLYPHMILL_TENSORFLOW
 * @throws SetupError `setting-invalid`
 */
export function chooseTensorflowBuild(
  setting: string | undefined,
  platform: Platform,
  hasDriver: () => boolean = hasNvidiaDriver,
): TensorflowBuild {
  switch (setting) {
    case undefined:
    case '':
    case 'auto':
      return platform === 'linux-x64' && hasDriver() ? 'cuda' : 'cpu';
    case 'cpu':
      return 'cpu';
    case 'cuda':
      if (platform === 'linux-x64') return 'cuda';
      throw new SetupError(
        'setting-invalid',
        `GLYPHMILL_TENSORFLOW is cuda, but CUDA is provided for linux-x64 only and this is ${platform}. Set it to cpu or auto.`,
      );
    default:
      throw new SetupError(
        'setting-invalid',
        `GLYPHMILL_TENSORFLOW is "${setting}". It must be cpu, cuda or auto (the default: cuda where an NVIDIA driver is present).`,
      );
  }
}

/**
 * True where both halves of the driver are: the kernel's devices, and libcuda. A container on a GPU machine that was
 * not given the GPU shows the first half only, in /proc.
 */
function hasNvidiaDriver(): boolean {
  const kernelSide = ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg'].some((file) => existsSync(file));
  return kernelSide && hasLibcuda();
}

function hasLibcuda(): boolean {
  const folders = [...(process.env.LD_LIBRARY_PATH ?? '').split(':'), '/usr/lib/wsl/lib', '/usr/local/nvidia/lib64'];
  if (folders.some((folder) => folder !== '' && existsSync(path.join(folder, 'libcuda.so.1')))) return true;
  const list = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/sbin:/usr/sbin` },
  });
  return list.status === 0 && list.stdout.includes('libcuda.so.1');
}
