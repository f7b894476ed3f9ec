import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** A folder whose file system never answers. */
export interface HangingFolder {
  /** Ends it: all that hangs in it fails. */
  release(): void;
}

/**
 * Has whatever is asked of an existing folder hang, as with a network's file system whose server is gone: mounts a FUSE
 * file system there that nobody serves. Returns why not if this machine allows no mounts.
 */
export function hangFolder(path: string): HangingFolder | string {
  let device: number;
  try {
    device = openSync('/dev/fuse', 'r+');
  } catch (error) {
    return `no FUSE here: ${String(error)}`;
  }
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
  const args = ['-i', '-t', 'fuse', '-o', options, 'glyphmill-test', path];
  const mounted = spawnSync('mount', args, { stdio: ['ignore', 'ignore', 'pipe', device] });
  if (mounted.status !== 0) {
    closeSync(device);
    return `nothing can be mounted here: ${String(mounted.stderr)}`;
  }
  return {
    release: () => {
      closeSync(device);
      spawnSync('umount', ['-l', path]);
    },
  };
}
