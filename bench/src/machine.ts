import { execFile } from 'node:child_process';
import { availableParallelism, cpus, release, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { machineMemory } from '@glyphmill/settings';
import { z } from 'zod';
import { engineEnvironment } from './engine-environment.js';
import { measuredProcess } from './measured-process.js';

const GIBIBYTE = 1024 ** 3;

const ourVersions = z.object({ tensorflow: z.string(), tfjs: z.string() });
const pythonVersions = z.object({ python: z.string(), torch: z.string(), instructions: z.string() });

/** What measured and when, as rows of a table: what, and which. */
export type Machine = readonly (readonly [what: string, which: string])[];

/** This machine, and the versions of what is ours. */
export async function describeMachine(): Promise<Machine> {
  const script = fileURLToPath(new URL('measure-runtime.js', import.meta.url));
  const line = { command: process.execPath, args: [script] };
  const libraries = ourVersions.parse(await measuredProcess(line, { threads: 1, environment: engineEnvironment(1) }));
  return [
    ['Date', new Date().toISOString().slice(0, 10)],
    ['Processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores`],
    ['Memory', `${Math.round(machineMemory().limitBytes / GIBIBYTE)} GiB`],
    ['System', `${type()} ${release().split('.', 2).join('.')}, ${process.arch}`],
    ['Ours', `Node.js ${process.versions.node}, TensorFlow.js ${libraries.tfjs}, TensorFlow ${libraries.tensorflow}`],
  ];
}

/** The versions of the peer. Throws with the remedy if the interpreter cannot import PyTorch. */
export async function describePyTorch(python: string): Promise<Machine> {
  const script = [
    'import json, platform, torch',
    'instructions = torch.backends.cpu.get_cpu_capability()',
    'print(json.dumps({"python": platform.python_version(), "torch": torch.__version__, "instructions": instructions}))',
  ].join('\n');
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', script]);
    const { python: version, torch, instructions } = pythonVersions.parse(JSON.parse(stdout));
    return [['Peer', `PyTorch ${torch} with ${instructions}, Python ${version}`]];
  } catch (cause) {
    const { message, stderr } = z.object({ message: z.string(), stderr: z.string().catch('') }).parse(cause);
    const why = stderr.trim().split('\n').at(-1) || message.split('\n')[0];
    throw new Error(
      `--python: ${python} cannot import torch (${why}). Name an interpreter that can: python3 -m venv FOLDER && FOLDER/bin/pip install torch, and then FOLDER/bin/python.`,
      { cause },
    );
  }
}
