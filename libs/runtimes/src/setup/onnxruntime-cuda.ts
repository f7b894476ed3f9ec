import { cpSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { ensureCacheEntry, type Report } from './cache-entry.ts';
import { requireRoom } from './cache-folder.ts';
import { CHECKOUT, installedPackage } from './checkout.ts';
import { lastLines, runCommand } from './command.ts';
import { SetupError } from './setup-error.ts';

const MEGABYTES = 1500;
const BINARIES = path.join('bin', 'napi-v6', 'linux', 'x64');

/** Where onnxruntime-node looks for its providers: beside its own library. */
export function onnxruntimeBinaries(): string {
  return path.join(installedPackage('onnxruntime-node'), BINARIES);
}

/**
 * Returns the cache folder with ONNX Runtime's CUDA 12 provider. The package's own install script fetches it, from a copy,
 * so that it lands in the cache and not in one checkout.
 *
 * @throws SetupError `download-failed`, and those of ensureCacheEntry
 */
export function ensureOnnxruntimeCuda(cache: string, report: Report): Promise<string> {
  const source = installedPackage('onnxruntime-node');
  const { version } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8')) as { version: string };
  return ensureCacheEntry(cache, `onnxruntime-cuda12-${version}-linux-x64`, report, async (folder) => {
    await requireRoom(cache, `ONNX Runtime's CUDA provider`, MEGABYTES);
    report(`Fetching the CUDA provider of ONNX Runtime ${version}`);
    cpSync(path.join(source, 'script'), path.join(folder, 'script'), { recursive: true });
    const { status, output } = await runCommand(process.execPath, [path.join(folder, 'script', 'install.js')], {
      environment: {
        NODE_PATH: path.join(CHECKOUT, 'node_modules'),
        ONNXRUNTIME_NODE_INSTALL: 'cuda12',
        TMPDIR: folder,
      },
    });
    if (status !== 0) throw providerMissing(version, output);
    for (const name of ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so']) {
      renameSync(path.join(folder, BINARIES, name), path.join(folder, name));
    }
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.so')) rmSync(path.join(folder, name), { recursive: true });
    }
  });
}

function providerMissing(version: string, output: string): SetupError {
  const reason = output.match(/(?<=Error: ).*/u)?.[0] ?? lastLines(output, 1);
  return new SetupError(
    'download-failed',
    `ONNX Runtime ${version} has no CUDA provider yet, which generation on the GPU needs: its install script could not fetch libonnxruntime_providers_cuda.so from NuGet (${reason}). Let this machine reach api.nuget.org (GLOBAL_AGENT_HTTPS_PROXY names a proxy) and run the command again, or set GLYPHMILL_TENSORFLOW=cpu to do without the GPU.`,
  );
}
