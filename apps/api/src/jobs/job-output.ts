import { Readable } from 'node:stream';
import { JobStore, shardKey } from '@glyphmill/jobs';
import { ArtifactNotFoundError, type Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { Problem } from '../problem/problem.js';
import { getJob } from './get-job.js';

/** The generated text of a job. It lies in shard files, which appear whole and in any order. */
@Injectable()
export class JobOutput {
  constructor(
    private readonly jobs: JobStore,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /**
   * The shards from the first to the last before one that is not there yet, as one stream of JSON lines in the order
   * of the prompts; empty where there is none. Throws `JobNotFoundError` and the problem `no_output`.
   */
  async open(jobId: string): Promise<Readable> {
    const { kind } = await getJob(this.jobs, jobId);
    if (kind !== 'generate') {
      // No state of a train job ever has output, so this is no conflict of state (409) but a request that cannot be met.
      throw new Problem('no_output', `${jobId} is a train job. Its model and losses are in its \`result\`.`);
    }
    const first = await this.openShard(jobId, 0);
    return first ? Readable.from(this.shards(jobId, first), { objectMode: false }) : Readable.from([]);
  }

  private async *shards(jobId: string, first: Readable): AsyncGenerator<Buffer> {
    let shard: Readable | undefined = first;
    for (let next = 1; shard; next += 1) {
      yield* shard;
      shard = await this.openShard(jobId, next);
    }
  }

  private async openShard(jobId: string, shard: number): Promise<Readable | undefined> {
    try {
      return await this.storage.read(shardKey(jobId, shard));
    } catch (error) {
      if (error instanceof ArtifactNotFoundError) return undefined;
      throw error;
    }
  }
}
