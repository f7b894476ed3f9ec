import type { Readable } from 'node:stream';
import type { ArtifactInfo, ByteRange, Storage } from '@glyphmill/storage';
import type { ArtifactKeys } from './artifact-keys.js';

/**
 * The generated text of jobs: JSON lines, one file per shard. A shard's file appears whole and never changes; the first
 * one that is written stays.
 */
export class Outputs {
  constructor(
    private readonly storage: Storage,
    private readonly keys: ArtifactKeys,
  ) {}

  async isWritten(jobId: string, shard: number): Promise<boolean> {
    return (await this.storage.stat(this.keys.shard(jobId, shard))) !== undefined;
  }

  /** Writes a shard's lines unless another attempt did. Returns whether these are the shard's lines now. */
  async write(jobId: string, shard: number, lines: Readable): Promise<boolean> {
    return await this.storage.putIfAbsent(this.keys.shard(jobId, shard), lines);
  }

  /** A shard's lines, or a range of their bytes. Throws `ArtifactNotFoundError`, and the signal's reason. */
  async read(jobId: string, shard: number, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    return await this.storage.read(this.keys.shard(jobId, shard), range, signal);
  }

  /** The shards of a job from the first up to the last one before a gap, in order. */
  async shards(jobId: string): Promise<ArtifactInfo[]> {
    const found = new Map<string, ArtifactInfo>();
    const folder = `${this.keys.ofJobs('outputs')}/${jobId}`;
    for await (const file of this.storage.list(folder)) found.set(file.key, file);
    const shards: ArtifactInfo[] = [];
    for (;;) {
      const next = found.get(this.keys.shard(jobId, shards.length));
      if (next === undefined) return shards;
      shards.push(next);
    }
  }
}
