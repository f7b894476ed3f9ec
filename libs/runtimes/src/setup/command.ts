import { spawn } from 'node:child_process';

export interface CommandResult {
  /** The exit status; 128 + N where signal N ended it, as shells say it. */
  status: number;
  /** Standard error, and standard output where it was not shown. */
  output: string;
}

export interface CommandOptions {
  cwd?: string;
  environment?: Record<string, string>;
  /** Lets the command write its standard output to ours. */
  showsOutput?: boolean;
}

/** Runs a command to its end and collects what it prints. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', options.showsOutput ? 'inherit' : 'pipe', 'pipe'],
    });
    const endWithParent = () => child.kill();
    process.once('exit', endWithParent);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.once('error', reject);
    child.once('close', (status) => {
      process.removeListener('exit', endWithParent);
      resolve({ status: status ?? 128, output });
    });
  });
}

/** The last lines that say something, to show a person why a command failed. */
export function lastLines(output: string, count: number): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}
