import { randomUUID } from 'node:crypto';
import { initFrom, isFinal, JOB_STATES, jobKind, type JobKind } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { JobKeys } from './job-keys.js';
import { readSummaries } from './job-record.js';
import { adopt, forgetDeletion, startDeletion } from './scripts/artifact-use.js';

/** Something in storage that jobs need until they end. */
export interface Artifact {
  kind: 'dataset' | 'model';
  id: string;
}

/** An artifact, and the field of the request that names it. */
export interface NamedArtifact extends Artifact {
  field: 'dataset' | 'model' | 'promptsDataset' | 'initFrom';
}

const trainNeeds = z.object({ dataset: z.string(), initFrom: initFrom.optional() });
const generateNeeds = z.object({ model: z.string(), promptsDataset: z.string().optional() });

/** The artifacts that a job needs until it ends. */
export function artifactsOf({ kind, request }: { kind: JobKind; request: object }): NamedArtifact[] {
  if (kind === 'train') {
    const needs = trainNeeds.parse(request);
    return [
      { kind: 'dataset', id: needs.dataset, field: 'dataset' },
      ...(needs.initFrom ? [{ kind: 'model', id: needs.initFrom.model, field: 'initFrom' } as const] : []),
    ];
  }
  const { model, promptsDataset } = generateNeeds.parse(request);
  return [
    { kind: 'model', id: model, field: 'model' },
    ...(promptsDataset === undefined
      ? []
      : [{ kind: 'dataset', id: promptsDataset, field: 'promptsDataset' } as const]),
  ];
}

/** Artifacts as a record names them, and the ends of the keys of their sets of users: a JSON array of `<kind>:<id>`. */
export function recordedArtifacts(artifacts: Artifact[]): string {
  return JSON.stringify(artifacts.map(({ kind, id }) => `${kind}:${id}`));
}

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
  readonly #redis: Redis;
  readonly #keys: JobKeys;

  constructor(redis: Redis, keys: JobKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /**
   * Decides that an artifact is to be deleted, unless a live job needs it: returns that job then, with its state. From
   * then on no job that needs the artifact is made, until {@link ArtifactUse.endDeletion} or ten minutes have passed.
   */
  async startDeletion(artifact: Artifact): Promise<{ id: string; state: string } | undefined> {
    await this.#adoptEarlierJobs();
    const keys = [this.#keys.users(artifact), this.#keys.deletion(artifact)];
    const answer = await startDeletion.run(this.#redis, keys, [this.#keys.job(''), REMEMBER_MS]);
    const [outcome, id, state] = decided.parse(answer);
    return outcome === 'used' ? { id, state } : undefined;
  }

  /**
   * Ends a deletion. One that succeeded is remembered for ten minutes, because of requests that were checked before it; what
   * could not be deleted may be used again.
   */
  async endDeletion(artifact: Artifact, isDeleted: boolean): Promise<void> {
    const key = this.#keys.deletion(artifact);
    if (isDeleted) await this.#redis.set(key, randomUUID(), 'PX', REMEMBER_MS);
    else await this.#redis.del(key);
  }

  /** The deletion of an artifact that is remembered: `deleting` while it is going on, and then its name. */
  async deletionOf(artifact: Artifact): Promise<string | null> {
    return await this.#redis.get(this.#keys.deletion(artifact));
  }

  /** Forgets this deletion, and no later one, because the artifact has been stored again since. */
  async forgetDeletion(artifact: Artifact, deletion: string): Promise<void> {
    await forgetDeletion.run(this.#redis, [this.#keys.deletion(artifact)], [deletion]);
  }

  /** Live jobs of versions that did not write down what they need are found once. */
  async #adoptEarlierJobs(): Promise<void> {
    if ((await this.#redis.exists(this.#keys.usersComplete())) === 1) return;
    for (const kind of jobKind.options) {
      for (const state of LIVE_STATES) await this.#adoptAll(this.#keys.inState(kind, state));
    }
    await this.#redis.set(this.#keys.usersComplete(), '1');
  }

  async #adoptAll(index: string): Promise<void> {
    let last: string | undefined;
    do {
      const from = last === undefined ? '-' : `(${last}`;
      const ids: string[] = await this.#redis.zrangebylex(index, from, '+', 'LIMIT', 0, BATCH);
      const records = await readSummaries(
        this.#redis,
        ids.map((id) => this.#keys.job(id)),
      );
      for (const record of records) {
        if (!record) continue;
        const artifacts = artifactsOf(record);
        const keys = [this.#keys.job(record.id), ...artifacts.map(this.#keys.users)];
        await adopt.run(this.#redis, keys, [record.id, recordedArtifacts(artifacts)]);
      }
      last = ids.length < BATCH ? undefined : ids.at(-1);
    } while (last !== undefined);
  }
}
