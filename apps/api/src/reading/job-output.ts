import type { Readable } from 'node:stream';
import { Catalog } from '@glyphmill/catalog';
import { JobBoard } from '@glyphmill/jobs';
import type { ByteRange } from '@glyphmill/storage';
import { Injectable } from '@nestjs/common';
import { getJob } from './get-job.js';

/** `no_output`: a train job never has generated text. */
export class NoOutputError extends Error {
  readonly code = 'no_output';

  constructor(readonly jobId: string) {
    super(`${jobId} is a train job. Its model and losses are in its \`result\`.`);
  }
}

/** The lines of one shard. */
export interface OutputPart {
  name: string;
  sizeBytes: number;
  open: (range: ByteRange) => Promise<Readable>;
}

/**
 * The generated text of a job. It lies in shard files, which appear whole and in any order, and never change: the output
 * grows at its end and nowhere else, while the job runs and for as long after that as a worker of a cancelled one writes.
 */
@Injectable()
export class JobOutput {
  constructor(
    private readonly jobs: JobBoard,
    private readonly catalog: Catalog,
  ) {}

  /**
   * The shards up to the first one that does not exist yet, in the order of the prompts. Throws `JobNotFoundError` and
   * {@link NoOutputError}.
   */
  async parts(jobId: string): Promise<OutputPart[]> {
    const { kind } = await getJob(this.jobs, jobId);
    if (kind !== 'generate') throw new NoOutputError(jobId);
    const shards = await this.catalog.outputs.shards(jobId);
    return shards.map(({ key, sizeBytes }, shard) => ({
      name: key,
      sizeBytes,
      open: (range) => this.catalog.outputs.read(jobId, shard, range),
    }));
  }
}
