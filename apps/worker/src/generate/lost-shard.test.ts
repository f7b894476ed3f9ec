import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateRequest } from '@glyphmill/contract';
import { ArtifactKeys, Catalog } from '@glyphmill/catalog';
import { connectRedis, JobClaims } from '@glyphmill/jobs';
import { WorkedBoard } from '@glyphmill/jobs/testing';
import { startValkey } from '@glyphmill/runtimes';
import { openStorage } from '@glyphmill/storage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobStoppedError, Lease } from '../lease.js';
import { createLog } from '../log.js';
import { MemoryGate } from '../memory/memory-gate.js';
import type { JobContext } from '../process-delivery.js';
import { GenerateJob } from './generate-job.js';
import { GenerationEngines } from './generation-engines.js';

let folder: string;
let server: Awaited<ReturnType<typeof startValkey>>;
let redis: ReturnType<typeof connectRedis>;
let context: JobContext;
let store: WorkedBoard;
let engines: GenerationEngines;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-lost-shard-'));
  server = await startValkey({ directory: join(folder, 'valkey'), persistence: 'none' });
  redis = connectRedis(server.url, 'worker', () => undefined);
  const storage = await openStorage(pathToFileURL(join(folder, 'storage')));
  await storage.put('models/model_1/manifest.json', '{}');
  const about = { log: createLog('silent'), workerId: 'worker_1', leases: new Set<Lease>(), farewellMs: 0 };
  store = new WorkedBoard({ redis });
  context = {
    ...about,
    claims: new JobClaims({ redis }),
    storage,
    catalog: new Catalog(storage),
    memory: new MemoryGate(),
    draining: new AbortController().signal,
  };
  // An engine that answers at once, as if one had died already.
  const graveFile = join(folder, 'grave');
  writeFileSync(graveFile, '');
  const environment = { PATH: process.env['PATH'], GRAVE_FILE: graveFile };
  engines = new GenerationEngines(environment, new URL('mortal-engine.fixture.ts', import.meta.url));
});
afterEach(async () => {
  await engines.stop();
  await store.close();
  await context.claims.close();
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** A worker that has a shard, does something else first, and then makes it; returns what is there of its output then. */
async function madeAfter(event: (id: string) => Promise<unknown>): Promise<{ error: unknown; output: string[] }> {
  const { storage } = context;
  const request = generateRequest.parse({ model: 'model_1', prompts: ['the whale'] });
  const [job] = await store.create([{ kind: 'generate', request, promptCount: 1 }]);
  const { id } = job!;
  const hold = await store.shards.hold(id, 0, { delivery: 1, token: 'first', worker: 'worker_1' });
  const lease = new Lease(hold!, new AbortController().signal);
  await event(id);
  const error = await new GenerateJob(context, engines).run(hold!.job, lease).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  lease.end();
  return { error, output: await storage.listNames(new ArtifactKeys().shard(id, 0).replace(/\/[^/]*$/u, '')) };
}

test('a worker writes the output of a shard that it has', async () => {
  expect(await madeAfter(async () => undefined)).toEqual({ error: undefined, output: ['00000.jsonl'] });
});

test('a worker writes no output of a shard that another one took over, or of a job that was cancelled', async () => {
  const lost = { error: expect.any(JobStoppedError), output: [] };
  expect(
    await madeAfter((id) => store.shards.claim(id, 0, { delivery: 1, token: 'second', worker: 'worker_2' })),
  ).toEqual(lost);
  expect(await madeAfter((id) => store.cancel(id))).toEqual(lost);
});
