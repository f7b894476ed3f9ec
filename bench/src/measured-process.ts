import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type CommandLine, onCores } from './processor-cores.js';

/**
 * Runs a command to its end, on as many cores as it has threads, and returns what it printed as its last line, a JSON
 * value. Throws with its last words.
 */
export async function measuredProcess(
  line: CommandLine,
  { threads, environment }: { threads: number; environment: NodeJS.ProcessEnv },
): Promise<unknown> {
  const { command, args } = onCores(threads, line);
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      env: { ...process.env, ...environment },
      maxBuffer: 64 * 1024 ** 2,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  } catch (error) {
    const words =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().slice(-1000) : String(error);
    throw new Error(`${line.command} ${line.args[0]} did not give a figure: ${words}`, { cause: error });
  }
}
