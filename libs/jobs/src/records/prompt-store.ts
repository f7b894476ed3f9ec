import { z } from 'zod';

/** The prompts of a job as its record keeps them. */
export const promptList = z.array(z.string());

/** Prompts of more bytes than this, as JSON, are kept in storage and not in the job's record: Redis holds all in memory. */
export const RECORD_PROMPT_BYTES = 16 * 1024;

/** Keeps the prompts of jobs that are too large for their records. */
export interface PromptStore {
  /** Keeps a job's prompts, given as a JSON array. */
  write(jobId: string, prompts: string): Promise<void>;
  /** A job's prompts; `undefined` if they are no longer stored. */
  read(jobId: string): Promise<string[] | undefined>;
  /** Harmless if there are none. */
  remove(jobId: string): Promise<void>;
}
