import type { GenerateRequest, JobKind, TrainRequest } from '@glyphmill/contract';
import type { CheckpointPointer } from '../records/checkpoint-pointer.js';
import type { Lane } from '../records/lane.js';
import type { PromptRange } from '../records/shard-plan.js';

interface Claimed {
  id: string;
  /** Attempts spent before this one. */
  attempts: number;
  createdAtMs: number;
}

export interface ClaimedTrainJob extends Claimed {
  kind: 'train';
  request: TrainRequest;
  /** What the training run can resume from, newest first; even checkpoints of the job that it was told to resume from. */
  checkpoints: CheckpointPointer[];
}

/** One shard of a generate job, in the hands of the worker that claimed it. */
export interface ClaimedShard extends Claimed {
  kind: 'generate';
  /** Without its prompts, unless they are a dataset's. */
  request: Omit<GenerateRequest, 'prompts'>;
  shard: number;
  /** Which of the job's prompts it has. */
  prompts: PromptRange;
  lane: Lane;
  priority: number;
  /** The shards whose tickets its commit adds. */
  opens: number[];
}

/** A job, or a shard of one, in the hands of the worker that claimed it, by kind. */
export interface ClaimedJobs extends Record<JobKind, Claimed> {
  train: ClaimedTrainJob;
  generate: ClaimedShard;
}
