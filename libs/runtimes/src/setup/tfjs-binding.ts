import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

import { ensureCacheEntry, type Report } from './cache-entry.ts';
import { isAboutDisk } from './cache-folder.ts';
import { installedPackage } from './checkout.ts';
import { lastLines, runCommand } from './command.ts';
import type { NativePackage } from './native-package.ts';
import type { Platform } from './platform.ts';
import { SetupError } from './setup-error.ts';

export const TFJS_PACKAGE = '@tensorflow/tfjs-node-gpu';
export const BINDING = 'tfjs_binding.node';

/**
 * Returns the cache folder that holds tfjs-node's binding, compiled against the given TensorFlow: once for each version of
 * tfjs and TensorFlow and each of Node's binary interfaces. Both builds of TensorFlow share it, since only the names of
 * the libraries go into it.
 *
 * @param tensorflow the pinned package, and the cache folder that has it
 * @throws SetupError `compiler-missing`, `compile-failed`, and those of ensureCacheEntry
 */
export function ensureBinding(
  cache: string,
  tensorflow: NativePackage,
  tensorflowFolder: string,
  platform: Platform,
  report: Report,
): Promise<string> {
  const source = installedPackage(TFJS_PACKAGE);
  const { version } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8')) as { version: string };
  const key = `tfjs-binding-${version}-tensorflow-${tensorflow.version}-${platform}-node-${process.versions.modules}`;
  return ensureCacheEntry(cache, key, report, async (folder, python) => {
    requireCompiler();
    const startMs = Date.now();
    const work = path.join(folder, 'source');
    mkdirSync(path.join(work, 'deps'), { recursive: true });
    for (const part of ['binding', 'binding.gyp', 'package.json']) {
      cpSync(path.join(source, part), path.join(work, part), { recursive: true });
    }
    symlinkSync(path.join(tensorflowFolder, 'include'), path.join(work, 'deps', 'include'));
    symlinkSync(tensorflowFolder, path.join(work, 'deps', 'lib'));
    await compile(work, python, platform);
    renameSync(path.join(work, 'lib', 'napi-v8', BINDING), path.join(folder, BINDING));
    rmSync(work, { recursive: true });
    report(
      `Compiled TensorFlow's binding for Node ${process.versions.node} in ${Math.round((Date.now() - startMs) / 1000)} s`,
    );
  });
}

async function compile(work: string, python: string, platform: Platform): Promise<void> {
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const args = [nodeGyp, 'rebuild', '--directory', work, '--python', python, ...nodeHeaders()];
  args.push('--', '-Dmodule_name=tfjs_binding', '-Dmodule_path=./lib/napi-v8', '-Dnapi_build_version=8');
  // binding.gyp rewrites the names that TensorFlow 2.9's libraries had; 2.21's need a place to be searched instead.
  const environment = platform === 'darwin-arm64' ? { LDFLAGS: '-Wl,-rpath,@loader_path/../../deps/lib' } : {};
  const { status, output } = await runCommand(process.execPath, args, { environment });
  if (status === 0) return;
  if (isAboutDisk(output)) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const said = output.match(/.*(?:error: |undefined reference|gyp ERR! stack Error: ).*/u)?.[0] ?? lastLines(output, 1);
  throw new SetupError(
    'compile-failed',
    `TensorFlow's binding for Node could not be compiled (${said.trim()}). It needs a C++17 compiler, make and Python 3; see that \`${compilerCommand()} --version\` is a current one, and run the command again.`,
  );
}

/** The headers that lie beside this Node, where they do; node-gyp downloads them otherwise. */
function nodeHeaders(): string[] {
  const nodeFolder = path.dirname(path.dirname(process.execPath));
  return existsSync(path.join(nodeFolder, 'include', 'node', 'node_api.h')) ? ['--nodedir', nodeFolder] : [];
}

function compilerCommand(): string {
  return process.env.CXX || (process.platform === 'darwin' ? 'clang++' : 'g++');
}

function requireCompiler(): void {
  const [compiler = '', ...flags] = compilerCommand().split(' ');
  const missing = [
    [compiler, [...flags, '--version']] as const,
    [process.env.MAKE || 'make', ['--version']] as const,
  ].filter(([command, args]) => spawnSync(command, args).status !== 0);
  if (missing.length === 0) return;
  const remedy =
    process.platform === 'darwin'
      ? 'Run `xcode-select --install`'
      : 'Install them (Debian and Ubuntu: `apt install g++ make`; Fedora: `dnf install gcc-c++ make`)';
  throw new SetupError(
    'compiler-missing',
    `TensorFlow's binding for Node is compiled once on this machine, and that needs a C++17 compiler and make; ${missing.map(([command]) => command).join(' and ')} cannot be run. ${remedy}, and run the command again; what was downloaded is kept.`,
  );
}
