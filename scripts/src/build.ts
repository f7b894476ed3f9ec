import process from 'node:process';
import path from 'node:path';

import { CHECKOUT, installedPackage, type Report, runCommand, SetupError } from '@glyphmill/runtimes/setup';

/**
 * Builds all packages; what has not changed comes from Nx's cache, and then nothing is said.
 *
 * @throws SetupError `build-failed`, with the compiler's messages
 */
export async function buildPackages(report: Report): Promise<void> {
  const startMs = Date.now();
  const nx = path.join(installedPackage('nx'), 'dist', 'bin', 'nx.js');
  // Nx's background process would outlive the command.
  const environment = { NX_DAEMON: 'false', NX_TUI: 'false' };
  const args = [nx, 'run-many', '--target', 'build', '--output-style', 'static'];
  const { status, output } = await runCommand(process.execPath, args, { cwd: CHECKOUT, environment });
  if (status !== 0)
    throw new SetupError('build-failed', `${output.trim()}\n\nThe build failed; its messages are above.`);
  if (!output.includes('hit (100%)')) report(`Built the packages in ${Math.round((Date.now() - startMs) / 1000)} s`);
}
