/**
 * A process of its own that uses a store, for the tests of what several processes do at once. Run by Node as it is, it
 * reads the sources: `other-process.fixture.ts ROOT TASK`. It says `ready`, waits for any message, does its task and
 * says what came of it.
 */
import { writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';

// The sources import each other by the names that their compiled files will have.
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(/^(\.{1,2}\/.*)\.js$/, '$1.ts'), context),
});
const { StorageUnavailableError } = await import('../errors.js');
const { FolderStorage } = await import('./folder-storage.js');

const ROUNDS = 20;
const PREFIXES = Array.from({ length: ROUNDS }, (_, round) => `race/round-${round}`);
const [root = '', task = ''] = process.argv.slice(2);

switch (task) {
  case 'publish': {
    const storage = await FolderStorage.open(root);
    const staged = await Promise.all(PREFIXES.map(() => storage.stage()));
    for (const { path } of staged) {
      for (const name of ['a', 'b', 'c']) await writeFile(join(path, name), String(process.pid));
    }
    await started();
    const results: boolean[] = [];
    for (const [round, prefix] of PREFIXES.entries()) results.push(await staged[round]!.publish(prefix));
    report(results);
    break;
  }
  case 'putIfAbsent': {
    const storage = await FolderStorage.open(root);
    await started();
    const results: boolean[] = [];
    for (const prefix of PREFIXES) results.push(await storage.putIfAbsent(prefix, String(process.pid)));
    report(results);
    break;
  }
  case 'putAndDelete': {
    const storage = await FolderStorage.open(root);
    await started();
    // All processes use one folder, which each deletion leaves empty and removes.
    for (let round = 0; round < ROUNDS; round += 1) {
      await storage.put(`shared/folder/${process.pid}`, 'x');
      await storage.delete(`shared/folder/${process.pid}`);
    }
    report('done');
    break;
  }
  case 'putHalf': {
    const storage = await FolderStorage.open(root);
    await started();
    const neverEnding = Readable.from(
      (async function* () {
        yield Buffer.alloc(1 << 20, 'new');
        // Asked for more, so the first half is written.
        report('half');
        await new Promise(() => {});
      })(),
    );
    await storage.put('artifact', neverEnding);
    break;
  }
  case 'putWithoutPermission': {
    // Root may write everywhere; an ordinary user may not.
    if (process.getuid?.() === 0) process.setuid?.(65534);
    await started();
    report(
      await FolderStorage.open(root).then(
        () => 'opened',
        (error: unknown) => (error instanceof StorageUnavailableError ? error.reason : String(error)),
      ),
    );
    break;
  }
  default:
    throw new Error(`Unknown task ${task}`);
}

function started(): Promise<void> {
  const message = new Promise<void>((resolve) => {
    process.once('message', () => resolve());
  });
  process.send?.('ready');
  return message;
}

function report(result: unknown): void {
  process.send?.(result);
  if (result !== 'half') process.disconnect();
}
