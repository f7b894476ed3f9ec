import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

import { CHECKOUT } from './setup/checkout.ts';
import { SetupError } from './setup/setup-error.ts';

/** What the setup put in place for this checkout, as written down by it. */
export const RUNTIMES_FILE = path.join(CHECKOUT, 'node_modules', '.glyphmill-runtimes.json');

const runtimesSchema = z.strictObject({
  valkeyServer: z.string(),
  valkeyVersion: z.string(),
  tensorflow: z.strictObject({ version: z.string(), build: z.enum(['cpu', 'cuda']), folder: z.string() }),
  /** Folders of shared libraries that TensorFlow and ONNX Runtime load at run time; empty without CUDA. */
  libraryFolders: z.array(z.string()),
  /** Where XLA finds ptxas and libdevice; null without CUDA. */
  cudaFolder: z.string().nullable(),
});

export type InstalledRuntimes = z.infer<typeof runtimesSchema>;

export interface Runtimes {
  /** The path of the valkey-server executable. */
  valkeyServer: string;
  valkeyVersion: string;
  tensorflow: { version: string; build: 'cpu' | 'cuda' };
  /** What an engine process needs in its environment from its start, beside what it inherits. Empty without CUDA. */
  environment: Record<string, string>;
}

/**
 * Finds what `npm run setup` has put in place. It looks, and neither fetches nor starts anything.
 *
 * @param inherited the environment that engine processes inherit; its library path and XLA flags are kept
 * @throws SetupError `runtimes-missing`, saying to run the setup
 */
export function findRuntimes(inherited: NodeJS.ProcessEnv = process.env): Runtimes {
  const installed = readInstalled();
  const { valkeyServer, valkeyVersion, tensorflow, libraryFolders } = installed;
  for (const file of [valkeyServer, tensorflow.folder, ...libraryFolders]) {
    if (!existsSync(file)) throw runtimesMissing(`${file} is gone`);
  }
  const { version, build } = tensorflow;
  return {
    valkeyServer,
    valkeyVersion,
    tensorflow: { version, build },
    environment: engineEnvironment(installed, inherited),
  };
}

/** See Runtimes.environment. */
export function engineEnvironment(
  { libraryFolders, cudaFolder }: Pick<InstalledRuntimes, 'libraryFolders' | 'cudaFolder'>,
  inherited: NodeJS.ProcessEnv,
): Record<string, string> {
  const environment: Record<string, string> = {};
  if (libraryFolders.length > 0) {
    environment.LD_LIBRARY_PATH = [...libraryFolders, inherited.LD_LIBRARY_PATH].filter(Boolean).join(':');
  }
  if (cudaFolder !== null) {
    environment.XLA_FLAGS = [inherited.XLA_FLAGS, `--xla_gpu_cuda_data_dir=${cudaFolder}`].filter(Boolean).join(' ');
  }
  return environment;
}

function readInstalled(): InstalledRuntimes {
  try {
    return runtimesSchema.parse(JSON.parse(readFileSync(RUNTIMES_FILE, 'utf8')));
  } catch (error) {
    throw runtimesMissing(`${RUNTIMES_FILE} is missing or of another version`, { cause: error });
  }
}

function runtimesMissing(reason: string, options?: ErrorOptions): SetupError {
  return new SetupError(
    'runtimes-missing',
    `TensorFlow and Valkey are not set up for this checkout (${reason}). Run \`npm run setup\`.`,
    options,
  );
}
