import { type Job, type JobKind, jobKind, type JobState } from '@glyphmill/contract';
import { monotonicFactory } from 'ulid';
import { z } from 'zod';
import type { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { JobDraft } from '../kinds/job-draft.js';
import type { NamedArtifact } from '../records/artifacts.js';
import {
  ArtifactDeletedError,
  DeadlinePassedError,
  IdempotencyConflictError,
  JobNotFoundError,
  QueueFullError,
} from './errors.js';
import type { NewPrompts, NewRecord } from '../records/job-record.js';
import { ancestorsOfDraft, planJob, queuedJob, sourceOf } from './new-job.js';
import type { Lane } from '../records/lane.js';
import { type PromptStore, RECORD_PROMPT_BYTES } from '../records/prompt-store.js';
import { create, type Creation, type NewJob } from '../scripts/create.js';

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
  lane: Lane;
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
  readonly #jobs: JobsInRedis;
  readonly #options: CreationOptions;
  readonly #newUlid = monotonicFactory();

  constructor(jobs: JobsInRedis, options: CreationOptions) {
    this.#jobs = jobs;
    this.#options = options;
  }

  /**
   * Creates the jobs and returns them as they are queued; of a key that is known, the ids that were returned first. Throws
   * {@link QueueFullError}, {@link DeadlinePassedError}, {@link IdempotencyConflictError}, {@link JobNotFoundError} if a
   * job that one of them continues was deleted, and {@link ArtifactDeletedError} if a dataset or model was.
   */
  async create(drafts: JobDraft[], idempotency?: IdempotencyKey): Promise<{ made: Job[] } | { ids: string[] }> {
    if (drafts.length === 0) return { made: [] };
    const answered = idempotency && (await this.answered(idempotency));
    if (answered) return { ids: answered };
    const { redis, keys } = this.#jobs;
    const workers = await redis.zcard(keys.workers());
    const made = drafts.map((draft): Made => {
      const id = `job_${this.#newUlid()}`;
      const prompts = this.#promptsOf(draft);
      const planned = planJob(draft.kind, draft, { id, workers, prompts });
      return { id, draft, prompts, ...planned, open: Number(planned.record['reserved'] ?? 0) };
    });
    await this.#checkRoom(made);
    await this.#storePrompts(made);
    const creation: Creation = {
      waiting: this.#waitingIndexes(),
      ...this.#limits,
      bytes: bytesOf(made),
      request: idempotency && { hash: idempotency.hash, rememberMs: REMEMBER_MS },
      jobs: made.map((job) => this.#newJob(job)),
    };
    const answer = await create.run(redis, {
      keys: {
        all: keys.all(),
        deadlines: keys.deadlines(),
        answer: keys.answer(idempotency?.scope ?? ''),
        ...this.#jobs.queue.laneKeys(),
      },
      args: { creation: JSON.stringify(creation) },
      moreArgs: made.flatMap((job) => this.#deliveries(job).flat()),
    });
    const [outcome, value] = created.parse(answer);
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
    const { maxJobs, maxBytes } = this.#limits;
    throw outcome === 'heavy'
      ? new QueueFullError('bytes', Number(value), maxBytes)
      : new QueueFullError('jobs', Number(value), maxJobs);
  }

  /** The jobs that were created under a key; `undefined` if there are none. Throws {@link IdempotencyConflictError}. */
  async answered(idempotency: IdempotencyKey): Promise<string[] | undefined> {
    const text = await this.#jobs.redis.get(this.#jobs.keys.answer(idempotency.scope));
    return text === null ? undefined : idsOf(text, idempotency);
  }

  /** The script looks again; here it is so that nothing is written to storage for a queue that is full. */
  async #checkRoom(made: Made[]): Promise<void> {
    if (!made.some(({ prompts }) => prompts?.at === 'storage')) return;
    const { maxJobs, maxBytes } = this.#limits;
    const { redis, keys } = this.#jobs;
    const waiting = await this.#sum((kind, state) => redis.zcard(keys.inState(kind, state)));
    if (waiting + made.length > maxJobs) throw new QueueFullError('jobs', waiting, maxJobs);
    const bytes = await this.#sum(async (kind, state) =>
      Number((await redis.get(keys.waitingBytes(kind, state))) ?? 0),
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

  /** What the script that writes the records is told about one. */
  #newJob({ id, draft, record, open, artifacts, lane }: Made): NewJob {
    const { keys } = this.#jobs;
    const source = sourceOf(draft);
    return {
      id,
      fields: Object.entries(record).flat().map(String),
      bytes: Number(record['bytes']),
      deadline: record['deadline'] === undefined ? undefined : Number(record['deadline']),
      open,
      deliveries: this.#deliveries({ id, draft, open, lane }).length,
      keys: {
        record: keys.job(id),
        openShards: keys.openShards(id),
        queued: keys.inState(draft.kind, 'queued'),
        indexes: [
          ...draft.request.tags.map((tag) => keys.tagged(tag)),
          ...(draft.kind === 'generate' ? [keys.withModel(draft.request.model)] : []),
        ],
        sources: source === undefined ? [] : [keys.job(source)],
        heirs: ancestorsOfDraft(draft).map((owner) => keys.heirs(owner)),
        users: artifacts.map(keys.users),
        deletions: artifacts.map(keys.deletion),
      },
    };
  }

  /** The first deliveries of a job: one, or the tickets of its open shards. */
  #deliveries({ id, draft, open, lane }: Pick<Made, 'id' | 'draft' | 'open' | 'lane'>): (string | Buffer)[][] {
    const job = { id, lane, priority: draft.request.priority };
    if (open === 0) return [this.#jobs.queue.delivery(job, 1)];
    return Array.from({ length: open }, (_, shard) => this.#jobs.queue.delivery(job, 1, shard));
  }

  #waitingIndexes(): string[] {
    return jobKind.options.flatMap((kind) => WAITING_STATES.map((state) => this.#jobs.keys.inState(kind, state)));
  }

  get #limits(): { maxJobs: number; maxBytes: number } {
    const { maxJobs, maxBytes } = this.#options;
    return { maxJobs, maxBytes };
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
