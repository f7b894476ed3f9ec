import { type Job, type JobKind, jobKind, type JobState } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { monotonicFactory } from 'ulid';
import { z } from 'zod';
import { artifactsOf, type NamedArtifact } from './artifact-use.js';
import type { DeliveryQueue } from './delivery-queue.js';
import {
  ArtifactDeletedError,
  DeadlinePassedError,
  IdempotencyConflictError,
  JobNotFoundError,
  QueueFullError,
} from './errors.js';
import type { NewPrompts } from './job-record.js';
import { ancestorsOf, type JobDraft, laneOf, type NewRecord, queuedJob, recordOf, sourceOf } from './job-draft.js';
import type { JobKeys } from './job-keys.js';
import { type PromptStore, RECORD_PROMPT_BYTES } from './prompt-store.js';
import { create } from './scripts/create.js';
import { FIRST_ENTRY } from './shard-entry.js';

/** How long an idempotency key is remembered. */
const REMEMBER_MS = 24 * 60 * 60 * 1000;

/** What makes two requests one: a key of the client's choice, and what the request was. */
export interface IdempotencyKey {
  /** Route, owner and key; what comes from outside must be hashed. */
  scope: string;
  /** Of the request, so that another one under the same key is noticed. */
  hash: string;
}

/** The states of jobs that wait. */
const WAITING_STATES = ['queued', 'paused'] as const satisfies JobState[];

const givenAnswer = z.object({ hash: z.string(), ids: z.array(z.string()) });

const created = z.tuple([
  z.enum(['created', 'full', 'heavy', 'answered', 'overdue', 'no-source', 'no-artifact']),
  z.string(),
]);

/** A job in the making; its deliveries are the first. */
interface Made {
  id: string;
  draft: JobDraft;
  record: NewRecord;
  prompts: NewPrompts | undefined;
  artifacts: NamedArtifact[];
  /** How many of its shards are open, each of which has a ticket; 0 for a job that is one piece. */
  open: number;
}

/** How much may wait, and where prompts go that are too large for records; without a place they stay in the records. */
export interface CreationOptions {
  maxJobs: number;
  maxBytes: number;
  promptStore?: PromptStore | undefined;
}

/** Makes jobs: records, indexes and deliveries in one script, all of them or none. */
export class JobCreation {
  readonly #redis: Redis;
  readonly #keys: JobKeys;
  readonly #queue: DeliveryQueue;
  readonly #options: CreationOptions;
  readonly #newUlid = monotonicFactory();

  constructor(redis: Redis, keys: JobKeys, queue: DeliveryQueue, options: CreationOptions) {
    this.#redis = redis;
    this.#keys = keys;
    this.#queue = queue;
    this.#options = options;
  }

  /**
   * Makes the jobs and gives them as they are queued; of a key that is known, the ids that were given first. Throws
   * {@link QueueFullError}, {@link DeadlinePassedError}, {@link IdempotencyConflictError}, {@link JobNotFoundError} if a
   * job that one of them continues was deleted, and {@link ArtifactDeletedError} if a dataset or model was.
   */
  async create(drafts: JobDraft[], idempotency?: IdempotencyKey): Promise<{ made: Job[] } | { ids: string[] }> {
    if (drafts.length === 0) return { made: [] };
    const answered = idempotency && (await this.answered(idempotency));
    if (answered) return { ids: answered };
    const workers = await this.#redis.zcard(this.#keys.workers());
    const made = drafts.map((draft): Made => {
      const id = `job_${this.#newUlid()}`;
      const prompts = this.#promptsOf(draft);
      const artifacts = artifactsOf(draft);
      const record = recordOf(draft, id, workers, prompts);
      return { id, draft, record, prompts, artifacts, open: Number(record['reserved'] ?? 0) };
    });
    await this.#checkRoom(made);
    await this.#storePrompts(made);
    const { keys, values } = this.#creation(made, idempotency);
    const [outcome, value] = created.parse(await create.run(this.#redis, keys, values));
    if (outcome === 'created') return { made: made.map(({ draft, id }) => queuedJob(draft, id, Number(value))) };
    await this.#dropPrompts(made);
    if (outcome === 'answered' && idempotency) return { ids: idsOf(value, idempotency) };
    if (outcome === 'overdue') throw new DeadlinePassedError(Number(value));
    if (outcome === 'no-artifact') {
      const [place = 0, artifact = 0] = value.split(':').map(Number);
      throw new ArtifactDeletedError(made[place]!.artifacts[artifact]!, place);
    }
    if (outcome === 'no-source')
      throw new JobNotFoundError(made.map(({ draft }) => sourceOf(draft) ?? '')[Number(value)] ?? '');
    const { maxJobs, maxBytes } = this.#options;
    throw outcome === 'heavy'
      ? new QueueFullError('bytes', Number(value), maxBytes)
      : new QueueFullError('jobs', Number(value), maxJobs);
  }

  /** The jobs that were made for a key; `undefined` where there are none. Throws {@link IdempotencyConflictError}. */
  async answered(idempotency: IdempotencyKey): Promise<string[] | undefined> {
    const text = await this.#redis.get(this.#keys.answer(idempotency.scope));
    return text === null ? undefined : idsOf(text, idempotency);
  }

  /** The script looks again; here it is so that nothing is written to storage for a queue that is full. */
  async #checkRoom(made: Made[]): Promise<void> {
    if (!made.some(({ prompts }) => prompts?.at === 'storage')) return;
    const { maxJobs, maxBytes } = this.#options;
    const waiting = await this.#sum((kind, state) => this.#redis.zcard(this.#keys.inState(kind, state)));
    if (waiting + made.length > maxJobs) throw new QueueFullError('jobs', waiting, maxJobs);
    const bytes = await this.#sum(async (kind, state) =>
      Number((await this.#redis.get(this.#keys.waitingBytes(kind, state))) ?? 0),
    );
    if (waiting > 0 && bytes + bytesOf(made) > maxBytes) throw new QueueFullError('bytes', bytes, maxBytes);
  }

  async #sum(count: (kind: JobKind, state: JobState) => Promise<number>): Promise<number> {
    const counts = await Promise.all(
      jobKind.options.flatMap((kind) => WAITING_STATES.map((state) => count(kind, state))),
    );
    return counts.reduce((sum, each) => sum + each, 0);
  }

  #promptsOf({ kind, request }: JobDraft): NewPrompts | undefined {
    if (kind !== 'generate' || request.prompts === undefined) return undefined;
    const text = JSON.stringify(request.prompts);
    const isLarge = this.#options.promptStore !== undefined && Buffer.byteLength(text) > RECORD_PROMPT_BYTES;
    return { text, at: isLarge ? 'storage' : 'record' };
  }

  /** Before the records, so that no job is ever seen without its prompts. What no record follows is removed as orphaned. */
  async #storePrompts(made: Made[]): Promise<void> {
    for (const { id, prompts } of made) {
      if (prompts?.at === 'storage') await this.#options.promptStore?.write(id, prompts.text);
    }
  }

  async #dropPrompts(made: Made[]): Promise<void> {
    for (const { id, prompts } of made) {
      if (prompts?.at === 'storage') await this.#options.promptStore?.remove(id).catch(() => undefined);
    }
  }

  /** The keys and values of the script that writes the records. */
  #creation(made: Made[], idempotency: IdempotencyKey | undefined) {
    const waiting = this.#waitingIndexes();
    const keys = [this.#keys.all(), this.#keys.deadlines(), this.#keys.answer(idempotency?.scope ?? ''), ...waiting];
    const ids = JSON.stringify(made.map(({ id }) => id));
    const { maxJobs: jobs, maxBytes: bytes } = this.#options;
    const room = JSON.stringify({ jobs, bytes, add: bytesOf(made) });
    const values: (string | number | Buffer)[] = [waiting.length, room, idempotency?.hash ?? '', REMEMBER_MS];
    values.push(ids, FIRST_ENTRY);
    for (const job of made) {
      const { id, draft, record, open, artifacts } = job;
      const sources = [sourceOf(draft)].flatMap((source) => (source === undefined ? [] : [this.#keys.job(source)]));
      const heirs = ancestorsOf(draft).map((owner) => this.#keys.heirs(owner));
      const indexes = [
        this.#keys.inState(draft.kind, 'queued'),
        ...draft.request.tags.map((tag) => this.#keys.tagged(tag)),
        ...(draft.kind === 'generate' ? [this.#keys.withModel(draft.request.model)] : []),
      ];
      const fields = Object.entries(record).flat();
      keys.push(this.#keys.job(id), this.#keys.openShards(id), ...sources, ...heirs, ...indexes);
      keys.push(...artifacts.map(this.#keys.users), ...artifacts.map(this.#keys.deletion));
      values.push(id, open, sources.length, heirs.length, indexes.length, artifacts.length, record['deadline'] ?? '');
      const deliveries = this.#deliveries(job);
      values.push(deliveries.length, fields.length, ...fields, ...deliveries.flat());
    }
    keys.push(...this.#queue.laneKeys());
    return { keys, values };
  }

  /** The first deliveries of a job: one, or the tickets of its open shards. */
  #deliveries({ id, draft, open }: Made): (string | Buffer)[][] {
    const job = { id, lane: laneOf(draft), priority: draft.request.priority };
    if (draft.kind === 'train') return [this.#queue.delivery(job, 1)];
    return Array.from({ length: open }, (_, shard) => this.#queue.delivery(job, 1, shard));
  }

  #waitingIndexes(): string[] {
    return jobKind.options.flatMap((kind) => WAITING_STATES.map((state) => this.#keys.inState(kind, state)));
  }
}

function bytesOf(made: Made[]): number {
  return made.reduce((sum, { record }) => sum + Number(record['bytes']), 0);
}

function idsOf(text: string, { hash }: IdempotencyKey): string[] {
  const answer = givenAnswer.parse(JSON.parse(text));
  if (answer.hash !== hash) throw new IdempotencyConflictError();
  return answer.ids;
}
