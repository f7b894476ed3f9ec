import { JobStore, outputFolder, shardKey } from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import type { FilePart } from '../http/file-bytes.js';
import type { ServedFile } from '../http/served-file.js';
import { Problem } from '../problem/problem.js';
import { getJob } from './get-job.js';

/**
 * The generated text of a job. It lies in shard files, which appear whole and in any order, and never change: the output
 * grows at its end and nowhere else, while the job runs and for as long after that as a worker of a cancelled one writes.
 */
@Injectable()
export class JobOutput {
  constructor(
    private readonly jobs: JobStore,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /**
   * The shards from the first to the last before one that does not exist yet, as one file of JSON lines in the order of
   * the prompts. As it only grows, its size tells its versions apart. Throws `JobNotFoundError` and the problem
   * `no_output`.
   */
  async file(jobId: string): Promise<ServedFile> {
    const { kind } = await getJob(this.jobs, jobId);
    if (kind !== 'generate') {
      // No state of a train job ever has output, so this is no conflict of state (409) but a request that cannot be met.
      throw new Problem('no_output', `${jobId} is a train job. Its model and losses are in its \`result\`.`);
    }
    const parts = await this.shards(jobId);
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    const etag = `"${parts.length}-${sizeBytes.toString(16)}"`;
    return { name: `the output of ${jobId}`, contentType: 'application/x-ndjson', etag, parts };
  }

  private async shards(jobId: string): Promise<FilePart[]> {
    const sizes = new Map<string, number>();
    for await (const { key, sizeBytes } of this.storage.list(outputFolder(jobId))) sizes.set(key, sizeBytes);
    const parts: FilePart[] = [];
    for (;;) {
      const key = shardKey(jobId, parts.length);
      const sizeBytes = sizes.get(key);
      if (sizeBytes === undefined) return parts;
      parts.push({ name: key, sizeBytes, open: (range) => this.storage.read(key, range) });
    }
  }
}
