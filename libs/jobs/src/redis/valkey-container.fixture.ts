import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findRuntimes } from '@glyphmill/runtimes';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { z } from 'zod';

const run = promisify(execFile);

const IMAGE = 'glyphmill-test/valkey';
const READY = Wait.forLogMessage('Ready to accept connections');
const PORT = 6379;

// It would be one more image, which cannot be fetched everywhere. The tests stop their containers themselves.
process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';

/** Why no container can be started here; `undefined` if one can. */
export async function whyNoDocker(): Promise<string | undefined> {
  try {
    await run('docker', ['info']);
    return undefined;
  } catch (error) {
    return `Docker does not answer: ${error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)}`;
  }
}

/** A Valkey in a container, which keeps its data and its port over a restart. */
export async function startContainer(): Promise<{ url: string; container: StartedTestContainer }> {
  await importImage();
  const port = await freePort();
  const container = await new GenericContainer(`${IMAGE}:latest`)
    .withExposedPorts({ container: PORT, host: port })
    .withCommand(['--protected-mode', 'no', '--appendonly', 'yes', '--appendfsync', 'always'])
    .withWaitStrategy(READY)
    .start();
  return { url: `redis://127.0.0.1:${port}`, container };
}

/** Makes an image of the server that the other tests use, and the libraries it needs: no registry is asked. */
async function importImage(): Promise<void> {
  const { valkeyServer } = findRuntimes();
  const folder = await mkdtemp(join(tmpdir(), 'glyphmill-image-'));
  try {
    const { stdout } = await run('ldd', [valkeyServer]);
    const libraries = [...stdout.matchAll(/(\/\S+) \(0x/gu)].map(([, library]) => library!);
    await mkdir(join(folder, 'data'));
    for (const [from, to] of [[valkeyServer, '/valkey-server'], ...libraries.map((library) => [library, library])]) {
      await mkdir(join(folder, dirname(to!)), { recursive: true });
      await copyFile(from!, join(folder, to!));
    }
    const archive = join(folder, '..', `${folder.split('/').at(-1)}.tar`);
    await run('tar', ['-cf', archive, '-C', folder, '.']);
    const changes = ['ENTRYPOINT ["/valkey-server"]', `EXPOSE ${PORT}`, 'WORKDIR /data'];
    await run('docker', ['import', ...changes.flatMap((change) => ['--change', change]), archive, `${IMAGE}:latest`]);
    await rm(archive);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.int() }).parse(server.address());
  server.close();
  await once(server, 'close');
  return port;
}
