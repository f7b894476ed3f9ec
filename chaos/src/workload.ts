import type { GlyphmillClient } from '@glyphmill/client';
import type { GenerateRequestInput, Job, JobKind, TrainRequestInput } from '@glyphmill/contract';
import { RandomStream } from '@glyphmill/data';

/** A request that many jobs make: what each of them yields must be the same bytes. */
export type WorkItem = { name: string } & (
  { kind: 'train'; request: TrainRequestInput } | { kind: 'generate'; request: GenerateRequestInput }
);

/** What the client that enqueued a job does to it later. */
export type Intervention = 'cancel' | 'pause and resume';

/** A job that is to be enqueued. */
export interface PlannedJob {
  tag: string;
  item: WorkItem;
  atMs: number;
  intervention?: { what: Intervention; afterMs: number };
}

/** No number of faults may fail a job. */
const MAX_ATTEMPTS = 100;

const VERSES = [
  'Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse,',
  'I thought I would sail about a little and see the watery part of the world.',
  'Whenever it is a damp, drizzly November in my soul, I account it high time to get to sea as soon as I can.',
];

/** The text that is trained on: short, so that a training run is a matter of seconds. */
export const TEXT = `${VERSES.join('\n')}\n`.repeat(20);

const TINY_GPT = { kind: 'gpt', nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 16 } as const;
const OFTEN = { evalBatches: 2, sampleInterval: 0, checkpointIntervalSeconds: 0.5 };

/** The training runs: a few seconds each, with checkpoints on the way. */
export function trainItems(dataset: string): WorkItem[] {
  const item = (
    name: string,
    model: TrainRequestInput['model'],
    training: TrainRequestInput['training'],
  ): WorkItem => ({
    name,
    kind: 'train',
    request: { dataset, model, training: { ...OFTEN, ...training }, maxAttempts: MAX_ATTEMPTS },
  });
  const gpt = { maxSteps: 1500, batchSize: 4, evalInterval: 200 };
  const bigram = { maxSteps: 3000, batchSize: 64, evalInterval: 500 };
  return [
    item('bigram', { kind: 'bigram' }, { ...bigram, seed: 1 }),
    item('bigram of another seed', { kind: 'bigram' }, { ...bigram, seed: 2 }),
    item('gpt', TINY_GPT, { ...gpt, seed: 3 }),
    item('gpt with dropout', { ...TINY_GPT, dropout: 0.1 }, { ...gpt, seed: 4 }),
    item('attention', { kind: 'attention', nEmbd: 16, blockSize: 16 }, { ...gpt, seed: 5 }),
  ];
}

/** The generations with some models: several shards each. */
export function generateItems(models: ReadonlyMap<string, string>): WorkItem[] {
  const prompts = Array.from({ length: 700 }, (_, index) => TEXT.slice(index, index + 3 + (index % 9)));
  const item = (name: string, trained: string, sampling: Partial<GenerateRequestInput>): WorkItem => ({
    name,
    kind: 'generate',
    request: { model: models.get(trained) ?? '', prompts, ...sampling, maxAttempts: MAX_ATTEMPTS },
  });
  return [
    item('verses of a bigram', 'bigram', { maxNewTokens: 40, seed: 1 }),
    item('verses of a gpt', 'gpt', { maxNewTokens: 60, seed: 2 }),
    item('other verses of a gpt', 'gpt', { maxNewTokens: 60, seed: 3, temperature: 0.7, topK: 5 }),
    item('verses with dropout', 'gpt with dropout', { maxNewTokens: 40, seed: 4, samples: 2 }),
    item('verses of attention', 'attention', { maxNewTokens: 40, seed: 5, topP: 0.9 }),
  ];
}

/** Enqueues a job once: its tag is also the name of the request. */
export async function submit(client: GlyphmillClient, item: WorkItem, tag: string): Promise<Job> {
  const options = { idempotencyKey: tag };
  return item.kind === 'train'
    ? await client.jobs.train({ ...item.request, tags: [tag] }, options)
    : await client.jobs.generate({ ...item.request, tags: [tag] }, options);
}

const TRAIN_SHARE = 0.35;
const INTERVENTION_SHARE = 0.15;
const LONGEST_INTERVENTION_MS = 6000;

/** The jobs of a run, spread over a time, as the seed says. */
export function planJobs(items: readonly WorkItem[], count: number, spreadMs: number, seed: number): PlannedJob[] {
  const random = new RandomStream(seed, 1);
  const ofKind = (kind: JobKind) => items.filter((item) => item.kind === kind);
  return Array.from({ length: count }, (_, index) => {
    const choice = ofKind(random.nextFloat() < TRAIN_SHARE ? 'train' : 'generate');
    const job: PlannedJob = {
      tag: `chaos-${index}`,
      item: choice[random.nextInt(choice.length)]!,
      atMs: random.nextFloat() * spreadMs,
    };
    if (random.nextFloat() < INTERVENTION_SHARE) {
      const what = random.nextFloat() < 0.5 ? 'cancel' : 'pause and resume';
      job.intervention = { what, afterMs: random.nextFloat() * LONGEST_INTERVENTION_MS };
    }
    return job;
  }).sort((a, b) => a.atMs - b.atMs);
}
