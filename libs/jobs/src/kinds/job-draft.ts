import type { GenerateRequest, JobKind, TrainRequest } from '@glyphmill/contract';
import type { CheckpointPointer } from '../records/checkpoint-pointer.js';

interface CommonDraft {
  /** Whose job it is. */
  tenant?: string;
  /** The job that this one retries. */
  retryOf?: string;
}

interface TrainDraft extends CommonDraft {
  kind: 'train';
  request: TrainRequest;
  /** Checkpoints of another job that this one resumes from, newest first. */
  checkpoints?: CheckpointPointer[];
}

interface GenerateDraft extends CommonDraft {
  kind: 'generate';
  request: GenerateRequest;
  /** How many prompts the request has, or the dataset that it names. */
  promptCount: number;
}

/** A job that is to be, by kind. */
export interface JobDrafts extends Record<JobKind, CommonDraft> {
  train: TrainDraft;
  generate: GenerateDraft;
}

/** A job that is to be. */
export type JobDraft = JobDrafts[JobKind];
