import { ArtifactNotFoundError, readDocument, type Storage } from '@glyphmill/storage';
import { z } from 'zod';
import type { ArtifactKeys } from './artifact-keys.js';

/** More than a list of prompts takes, which comes in one request. */
const PROMPT_LIST_BYTES = 64 * 2 ** 20;

const promptList = z.array(z.string());

/** The prompts of jobs that are too large for their records. */
export class JobPrompts {
  constructor(
    private readonly storage: Storage,
    private readonly keys: ArtifactKeys,
  ) {}

  /** Keeps a job's prompts, given as a JSON array. */
  async write(jobId: string, prompts: string): Promise<void> {
    await this.storage.put(this.keys.promptList(jobId), prompts);
  }

  /** A job's prompts. Throws `ArtifactNotFoundError` and `ArtifactDamagedError`. */
  async get(jobId: string): Promise<string[]> {
    const parse = (json: unknown) => promptList.parse(json);
    return await readDocument(this.storage, this.keys.promptList(jobId), parse, { maxBytes: PROMPT_LIST_BYTES });
  }

  /** A job's prompts; `undefined` if they are no longer stored. Throws `ArtifactDamagedError`. */
  async read(jobId: string): Promise<string[] | undefined> {
    try {
      return await this.get(jobId);
    } catch (error) {
      if (error instanceof ArtifactNotFoundError) return undefined;
      throw error;
    }
  }

  /** Removes a job's prompts; harmless if there are none. */
  async remove(jobId: string): Promise<void> {
    await this.storage.delete(this.keys.promptList(jobId));
  }
}
