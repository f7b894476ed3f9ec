import { z } from 'zod';

/** The prompts of a job as they are kept. */
export const promptList = z.array(z.string());

/** More than a list of prompts takes, which comes in one request. */
export const PROMPT_LIST_BYTES = 64 * 2 ** 20;

/** Prompts of more bytes than this, as JSON, are kept in storage and not in the job's record: Redis holds all in memory. */
export const RECORD_PROMPT_BYTES = 16 * 1024;

/** Keeps the prompts of jobs that are too large for their records; each is a JSON array. */
export interface PromptStore {
  write(jobId: string, prompts: string): Promise<void>;
  /** `undefined` if they are no longer stored. */
  read(jobId: string): Promise<string | undefined>;
  /** Harmless if there are none. */
  remove(jobId: string): Promise<void>;
}
