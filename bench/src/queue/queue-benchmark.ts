import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type TrainRequest, trainRequest } from '@glyphmill/contract';
import { JobBoard } from '@glyphmill/jobs';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { type Figure, lessIsBetter, moreIsBetter } from '../figure.js';
import { latencies } from '../latencies.js';
import { describeMachine } from '../machine.js';
import type { Section } from '../section.js';
import { sectionsPage } from '../sections-page.js';
import { serveQueue } from './served-queue.js';

/** How many jobs a batch makes. */
const BATCH = 1000;

/** Of how many jobs, in turn, one has the rare tag. */
const RARE = 5000;

/** How often each request is made. */
const REQUESTS = 500;

/** What a request at its 99th percentile may take. */
const LIMIT_MS = 20;

/** What was planned that a waiting train job takes of Redis. */
const PLANNED_BYTES = 2600;

const MEBIBYTE = 1024 ** 2;

const page = z.object({ data: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() });

interface QueueBenchmarkOptions {
  /** How many jobs are to wait. */
  jobs: number;
  /** Where the page goes; undefined: nowhere. */
  page: string | undefined;
}

/**
 * A full queue over HTTP: how fast batches of jobs are accepted beside BullMQ's own bulk adding to the same Valkey, what
 * memory grows, and how long lists and single jobs take beside the limit of 20 ms at the 99th percentile.
 */
export async function queueBenchmark(
  { jobs, page: pageFile }: QueueBenchmarkOptions,
  say: (line: string) => void,
): Promise<Figure[]> {
  const served = await serveQueue();
  const redis = new Redis(served.redisUrl, { maxRetriesPerRequest: null });
  try {
    const rounds = Math.ceil(jobs / BATCH);
    const memory = async () => ({ api: await served.apiBytes(), redis: await usedBytes(redis) });
    await send(served.url, batchOf(0), say);
    const before = await memory();
    const rates: Record<'http' | 'store' | 'bullmq', number[]> = { http: [], store: [], bullmq: [] };
    const store = new JobBoard({ redis, prefix: '{store}' });
    const queue = new Queue('bare', { connection: redis, prefix: '{bare}' });
    const bodies = batchOf(0);
    let ids: string[] = [];
    let bareBytes = 0;
    let halfwayBytes = 0;
    const cpuBefore = await served.apiCpuMs();
    for (let round = 0; round < rounds; round += 1) {
      const batch = batchOf(round);
      rates.http.push(await rate(async () => (ids = await send(served.url, batch, say))));
      const bytes = await usedBytes(redis);
      rates.store.push(await rate(() => store.create(bodies.map(draftOf))));
      rates.bullmq.push(await rate(() => queue.addBulk(bodies.map((data) => ({ name: 'run', data })))));
      bareBytes += (await usedBytes(redis)) - bytes;
      if (round + 1 === Math.ceil(rounds / 2)) halfwayBytes = await served.apiBytes();
      if ((round + 1) % 10 === 0) {
        const { api, redis: total } = await memory();
        say(
          `${(round + 1) * BATCH} jobs: api ${mebibytes(api)}, Valkey ${mebibytes(total - bareBytes)} without those beside them`,
        );
      }
    }
    const after = await memory();
    const cpuMs = ((await served.apiCpuMs()) - cpuBefore) / rounds;
    say(`the API computes ${cpuMs.toFixed(0)} ms per batch of ${BATCH}`);
    say(
      `a queued job takes ${Math.round((after.redis - before.redis - bareBytes) / (rounds * BATCH))} bytes of Valkey`,
    );
    say(`the API's memory went from ${mebibytes(before.api)} to ${mebibytes(after.api)}`);
    await queue.close();
    await store.close();
    const made = await redis.zcard('{glyphmill}:jobs');
    if (made !== (rounds + 1) * BATCH) throw new Error(`${made} jobs were made instead of ${(rounds + 1) * BATCH}`);

    const about = (figure: string) => ({ figure, threads: 1, batch: BATCH, unit: 'jobs/s' });
    const accepted = [
      moreIsBetter(about('POST /api/jobs/batch (peer: BullMQ addBulk)'), rates.http, rates.bullmq),
      moreIsBetter(about('JobBoard.create (peer: BullMQ addBulk)'), rates.store, rates.bullmq),
    ];
    const bytesAJob = (after.redis - before.redis - bareBytes) / (rounds * BATCH);
    const memoryFigures = [
      lessIsBetter(
        { ...about('api memory after the last batch (peer: halfway)'), unit: 'MiB' },
        [after.api / MEBIBYTE],
        [halfwayBytes / MEBIBYTE],
      ),
      lessIsBetter(
        { ...about('memory of Valkey a waiting job (peer: what was planned)'), unit: 'bytes' },
        [bytesAJob],
        [PLANNED_BYTES],
      ),
    ];
    const found: Figure[] = [];
    const middle = ids[Math.floor(BATCH / 2)] ?? '';
    for (const path of [
      '/api/jobs',
      `/api/jobs?after=${middle}`,
      '/api/jobs?limit=200',
      '/api/jobs?state=queued&kind=train',
      '/api/jobs?tag=rare',
      '/api/jobs?tag=bench&state=failed',
      '/api/jobs?tag=rare&state=paused',
      '/api/jobs?model=model_nothing',
      `/api/jobs/${middle}`,
    ]) {
      const cpuBefore = await served.apiCpuMs();
      const taken = await latencies(REQUESTS, () => read(`${served.url}${path}`));
      const at = taken[Math.floor(REQUESTS * 0.99)] ?? Infinity;
      const name = path.replace(middle, 'ID');
      const cpuMs = ((await served.apiCpuMs()) - cpuBefore) / REQUESTS;
      const median = taken[Math.floor(REQUESTS / 2)] ?? Infinity;
      say(`GET ${name}: median ${median.toFixed(1)} ms, of which the API computes ${cpuMs.toFixed(1)} ms`);
      found.push(
        lessIsBetter({ figure: `GET ${name}, p99 (peer: limit)`, threads: 1, batch: 1, unit: 'ms' }, [at], [LIMIT_MS]),
      );
    }
    if (pageFile !== undefined) {
      const machine = [...(await describeMachine()), ['Valkey', await versionOf(redis)] as const];
      const sections = sectionsOf(rounds * BATCH, accepted, memoryFigures, found);
      const command = 'npm run bench -- queue';
      await writeFile(pageFile, sectionsPage({ title: 'Benchmarks: the queue', machine, command, sections }));
      say(`wrote ${pageFile}`);
    }
    return [...accepted, ...memoryFigures, ...found];
  } finally {
    redis.disconnect();
    await served.stop();
  }
}

function sectionsOf(jobs: number, accepted: Figure[], memory: Figure[], found: Figure[]): Section[] {
  return [
    {
      title: 'Accepting',
      about:
        `${jobs.toLocaleString('en')} train jobs, ${BATCH} at once, each way in turn batch by batch, into a Valkey that writes ` +
        'each change to the disk before it answers. Ours is a record, its indexes and a delivery in one transaction; over ' +
        'HTTP also the parsing, the checks and the answer; `JobBoard.create` reads the jobs back one by one. The peer is `addBulk` of bare BullMQ with the request as its data, ' +
        "which is a pipeline and no transaction. Medians of all batches. The bar is half of the peer's rate.",
      figures: accepted,
    },
    {
      title: 'Waiting',
      about: `What ${jobs.toLocaleString('en')} waiting jobs cost, those of the other ways left out.`,
      figures: memory,
    },
    {
      title: 'Being found',
      about:
        `Lists and a single job while all of them wait, ${REQUESTS} requests of each kind over HTTP, one after another. The ` +
        `peer is the limit: ${LIMIT_MS} ms at the 99th percentile.`,
      figures: found,
    },
  ];
}

async function versionOf(redis: Redis): Promise<string> {
  const info = await redis.info('server');
  return /^valkey_version:(\S+)/mu.exec(info)?.[1] ?? 'a Redis';
}

/** A request as `JobBoard.create` takes it. */
function draftOf(request: { kind: string }): { kind: 'train'; request: TrainRequest } {
  const { kind: _, ...fields } = request;
  return { kind: 'train', request: trainRequest.parse(fields) };
}

function batchOf(round: number): { kind: string }[] {
  return Array.from({ length: BATCH }, (_, place) => ({
    kind: 'train',
    dataset: 'moby-dick',
    model: { kind: 'bigram' },
    training: { seed: round * BATCH + place },
    tags: (round * BATCH + place) % RARE === 0 ? ['bench', 'rare'] : ['bench'],
  }));
}

/**
 * Sends a batch as a careful client does: under a key of its own, and again where the answer is that Redis did not answer
 * in time, as on a machine whose disk is busy. Returns the ids.
 */
async function send(url: string, batch: object[], say: (line: string) => void): Promise<string[]> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  for (;;) {
    const response = await fetch(`${url}/api/jobs/batch`, { method: 'POST', headers, body: JSON.stringify(batch) });
    if (response.status === 202) return page.parse(await response.json()).data.map(({ id }) => id);
    if (response.status !== 503)
      throw new Error(`a batch was answered with ${response.status}: ${await response.text()}`);
    say('a batch was answered with 503, and is sent again');
    await wait(Number(response.headers.get('retry-after')) * 1000);
  }
}

async function read(address: string): Promise<void> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

/** How many jobs a second were made. */
async function rate(makeBatch: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await makeBatch();
  return (BATCH / (performance.now() - start)) * 1000;
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/u.exec(await redis.info('memory'))?.[1]);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
