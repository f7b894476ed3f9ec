import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import type { TensorFlow } from './load-tensorflow.js';

/** Which libraries compute, and on what. */
export interface TensorFlowReport {
  /** The native library's version, such as `2.21.0`. */
  tensorflow: string;
  /** The version of TensorFlow.js, such as `4.22.0`. */
  tfjs: string;
  /** What the library itself says that it computes on; `cuda:0` is the first device that it was allowed to see. */
  device: 'cpu' | 'cuda:0';
  /** The maker's name of the processor or GPU, or `unknown`. */
  deviceName: string;
}

const NVIDIA_DRIVER_FOLDER = '/proc/driver/nvidia/gpus';

/** Asks the loaded library, not the configuration, so that a fall to the CPU cannot go unseen. */
export async function reportTensorFlow({ tf, backend }: TensorFlow): Promise<TensorFlowReport> {
  const gpu = backend.isUsingGpuDevice;
  return {
    tensorflow: backend.binding.TF_Version,
    tfjs: tf.version.tfjs,
    device: gpu ? 'cuda:0' : 'cpu',
    deviceName: (gpu ? await gpuName() : cpus()[0]?.model.trim()) || 'unknown',
  };
}

/** The name of this machine's NVIDIA GPUs where they are all of one model; the library itself does not tell it. */
async function gpuName(): Promise<string | undefined> {
  try {
    const folders = await readdir(NVIDIA_DRIVER_FOLDER);
    const reports = await Promise.all(
      folders.map((folder) => readFile(path.join(NVIDIA_DRIVER_FOLDER, folder, 'information'), 'utf8')),
    );
    const names = new Set(reports.map((report) => /^Model:\s*(.+)$/mu.exec(report)?.[1]?.trim()));
    return names.size === 1 ? [...names][0] : undefined;
  } catch {
    return undefined;
  }
}
