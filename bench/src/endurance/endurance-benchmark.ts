import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { GlyphmillClient } from '@glyphmill/client';
import type { BatchRequest } from '@glyphmill/contract';
import { RunningStack } from '../running-stack.js';
import { describeMachine } from '../machine.js';
import type { Figure } from '../figure.js';
import { endurancePage } from './endurance-page.js';
import { endurancePlot } from './endurance-plot.js';
import type { EnduranceLoad, Look } from './endurance-run.js';
import { deploymentMemory } from './process-memory.js';

const WHOLE: EnduranceLoad = { models: 16, generateJobs: 20_000, trainJobs: 500, followers: 2000 };
const QUICK: EnduranceLoad = { models: 2, generateJobs: 200, trainJobs: 4, followers: 20 };

/** How often memory is looked at. */
const ROUNDS = 20;

/**
 * What each process of a stack holds while thousands of small jobs pass through it: a curve that levels off is a heap
 * that found its size, one that climbs on is a leak.
 */
export async function enduranceBenchmark(
  { quick, page }: { quick: boolean; page?: string | undefined },
  say: (line: string) => void,
): Promise<Figure[]> {
  const load = quick ? QUICK : WHOLE;
  const folder = await mkdtemp(join(tmpdir(), 'glyphmill-endurance-'));
  const stack = await RunningStack.start(folder, 2);
  try {
    const looks = await endure(stack, load, say);
    if (page !== undefined) {
      const machine = await describeMachine();
      await writeFile(page.replace(/\.md$/u, '.svg'), await endurancePlot(looks));
      await writeFile(page, endurancePage({ machine, load, looks }));
    }
    return growthFigures(looks);
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function endure(stack: RunningStack, load: EnduranceLoad, say: (line: string) => void): Promise<Look[]> {
  const training = { maxSteps: 20, batchSize: 4, evalInterval: 20, sampleInterval: 0 };
  const client = new GlyphmillClient({ url: stack.url });
  const train = (seed: number) => ({
    dataset: 'moby-dick',
    model: { kind: 'bigram' } as const,
    training: { ...training, seed },
  });
  const models = await Promise.all(
    Array.from({ length: load.models }, async (_, seed) => {
      const { id } = await client.jobs.train(train(seed));
      const job = await client.jobs.succeeded(id);
      if (job.kind !== 'train' || !job.result) throw new Error(`${id} has no result`);
      return job.result.model;
    }),
  );
  const generate = (number: number) => ({
    model: models[number % models.length]!,
    prompts: ['The ', 'whale'],
    maxNewTokens: 32,
    seed: number,
  });
  const look = async (generateJobs: number): Promise<Look> => {
    const processes = await deploymentMemory(stack.pid);
    const cells = processes.map(({ program, residentBytes }) => `${program} ${Math.round(residentBytes / 2 ** 20)}`);
    say(`${generateJobs} generate jobs: ${cells.join(', ')} MiB`);
    return { generateJobs, processes };
  };

  const looks = [await look(0)];
  const perRound = (whole: number) => Math.max(1, Math.round(whole / ROUNDS));
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round * perRound(load.generateJobs);
    const requests: BatchRequest[] = [
      ...Array.from({ length: perRound(load.trainJobs) }, (_, index) => ({
        kind: 'train' as const,
        ...train(1000 + round * 1000 + index),
      })),
      ...Array.from({ length: perRound(load.generateJobs) }, (_, index) => ({
        kind: 'generate' as const,
        ...generate(first + index),
      })),
    ];
    const created: string[] = [];
    for (let start = 0; start < requests.length; start += 1000) {
      const jobs = await client.jobs.batch(requests.slice(start, start + 1000));
      created.push(...jobs.map(({ id }) => id));
    }
    const followed = created.slice(-perRound(load.followers));
    await Promise.all(
      followed.map(async (id) => {
        for await (const _event of client.jobs.events(id));
      }),
    );
    await drained(client);
    looks.push(await look(first + perRound(load.generateJobs)));
  }
  return looks;
}

/** Waits until no job waits or runs. */
async function drained(client: GlyphmillClient): Promise<void> {
  for (;;) {
    const kinds = Object.values(await client.queues());
    if (kinds.every(({ waiting, running }) => waiting + running === 0)) return;
    await wait(100);
  }
}

/** What each process held at the half of the jobs (peer) and at their end (ours). */
function growthFigures(looks: Look[]): Figure[] {
  const [half, end] = [looks[Math.floor(looks.length / 2)]!, looks.at(-1)!];
  return end.processes.flatMap(({ program, residentBytes }) => {
    const before = half.processes.find((process) => process.program === program);
    if (!before) return [];
    const figure = `memory of ${program} at the end (peer: after half of the jobs)`;
    const [ours, peer] = [residentBytes / 2 ** 20, before.residentBytes / 2 ** 20];
    return [{ figure, threads: 2, batch: 1, unit: 'MiB', ours, peer, ratio: peer / ours }];
  });
}
