import { randomUUID } from 'node:crypto';
import { isFinal, JOB_STATES, jobKind } from '@glyphmill/contract';
import { z } from 'zod';
import type { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import { kindNamed } from '../kinds/kinds.js';
import { type Artifact, recordedArtifacts } from '../records/artifacts.js';
import { readSummaries } from '../records/job-record.js';
import { adopt, forgetDeletion, startDeletion } from '../scripts/artifact-use.js';

/** How long a deletion is remembered in milliseconds: longer than any request takes between its checks and its job. */
const REMEMBER_MS = 10 * 60 * 1000;

/** How many records of earlier versions are looked at in one go. */
const BATCH = 500;

const LIVE_STATES = JOB_STATES.filter((state) => !isFinal(state));

const decided = z.tuple([z.enum(['deleting', 'used']), z.string(), z.string()]);

/**
 * Which artifacts live jobs need, and which are being deleted. Both are written by scripts: of a job that needs an
 * artifact and the artifact's deletion, whichever comes second is refused.
 */
export class ArtifactUse {
  readonly #jobs: JobsInRedis;

  constructor(jobs: JobsInRedis) {
    this.#jobs = jobs;
  }

  /**
   * Decides that an artifact is to be deleted, unless a live job needs it: returns that job then, with its state. From
   * then on no job that needs the artifact is made, until {@link ArtifactUse.endDeletion} or ten minutes have passed.
   */
  async startDeletion(artifact: Artifact): Promise<{ id: string; state: string } | undefined> {
    await this.#adoptEarlierJobs();
    const { redis, keys } = this.#jobs;
    const answer = await startDeletion.run(redis, {
      keys: { users: keys.users(artifact), deletion: keys.deletion(artifact) },
      args: { records: keys.job(''), holdsMs: REMEMBER_MS },
    });
    const [outcome, id, state] = decided.parse(answer);
    return outcome === 'used' ? { id, state } : undefined;
  }

  /**
   * Ends a deletion. One that succeeded is remembered for ten minutes, because of requests that were checked before it; what
   * could not be deleted may be used again.
   */
  async endDeletion(artifact: Artifact, isDeleted: boolean): Promise<void> {
    const key = this.#jobs.keys.deletion(artifact);
    if (isDeleted) await this.#jobs.redis.set(key, randomUUID(), 'PX', REMEMBER_MS);
    else await this.#jobs.redis.del(key);
  }

  /** The deletion of an artifact that is remembered: `deleting` while it is going on, and then its name. */
  async deletionOf(artifact: Artifact): Promise<string | null> {
    return await this.#jobs.redis.get(this.#jobs.keys.deletion(artifact));
  }

  /** Forgets this deletion, and no later one, because the artifact has been stored again since. */
  async forgetDeletion(artifact: Artifact, deletion: string): Promise<void> {
    const { redis, keys } = this.#jobs;
    await forgetDeletion.run(redis, { keys: { deletion: keys.deletion(artifact) }, args: { expected: deletion } });
  }

  /** Live jobs of versions that did not write down what they need are found once. */
  async #adoptEarlierJobs(): Promise<void> {
    if ((await this.#jobs.redis.exists(this.#jobs.keys.usersComplete())) === 1) return;
    for (const kind of jobKind.options) {
      for (const state of LIVE_STATES) await this.#adoptAll(this.#jobs.keys.inState(kind, state));
    }
    await this.#jobs.redis.set(this.#jobs.keys.usersComplete(), '1');
  }

  async #adoptAll(index: string): Promise<void> {
    let last: string | undefined;
    do {
      const from = last === undefined ? '-' : `(${last}`;
      const ids: string[] = await this.#jobs.redis.zrangebylex(index, from, '+', 'LIMIT', 0, BATCH);
      const records = await readSummaries(
        this.#jobs.redis,
        ids.map((id) => this.#jobs.keys.job(id)),
      );
      for (const record of records) {
        if (!record) continue;
        const artifacts = kindNamed(record.kind).artifactsOf(record.request);
        await adopt.run(this.#jobs.redis, {
          keys: { record: this.#jobs.keys.job(record.id) },
          args: { id: record.id, artifacts: recordedArtifacts(artifacts) },
          moreKeys: artifacts.map(this.#jobs.keys.users),
        });
      }
      last = ids.length < BATCH ? undefined : ids.at(-1);
    } while (last !== undefined);
  }
}
