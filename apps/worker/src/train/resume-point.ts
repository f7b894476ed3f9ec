import { type Checkpoint, CheckpointInvalidError, readCheckpoint } from '@glyphmill/model/training';
import type { ResumePoint } from './training-protocol.js';

/** `checkpoint_lost`: a training run was to continue from another job's checkpoint, and none of them can be read. */
export class CheckpointLostError extends Error {
  readonly code = 'checkpoint_lost';

  constructor() {
    super('no checkpoint of the job to resume can be read; start from its published model (initFrom), or anew');
  }
}

/**
 * The newest checkpoint that can be read; `undefined` if there is none, so that the training starts at its
 * beginning. `warn` hears which could not be read, and what is used instead. Throws {@link CheckpointLostError} where
 * the training may not start at its beginning.
 */
export async function readNewest(
  points: readonly ResumePoint[],
  mustResume: boolean,
  warn: (message: string) => void,
): Promise<Checkpoint | undefined> {
  for (const [index, { step, folder }] of points.entries()) {
    const next = points[index + 1];
    const instead = next
      ? `the one of step ${next.step} is tried instead`
      : mustResume
        ? 'there is none before it'
        : 'the training starts from its beginning';
    if (folder === null) {
      warn(`the checkpoint of step ${step} is no longer stored; ${instead}`);
      continue;
    }
    try {
      return await readCheckpoint(folder);
    } catch (error) {
      if (!(error instanceof CheckpointInvalidError)) throw error;
      warn(`the checkpoint of step ${step} cannot be read, and ${instead}: ${error.message}`);
    }
  }
  if (mustResume) throw new CheckpointLostError();
  return undefined;
}
