import { z } from 'zod';

/** Where a checkpoint is kept, a folder in storage, and how many steps were taken before it. */
export const checkpointPointer = z.object({ key: z.string(), step: z.int().min(0) });
export type CheckpointPointer = z.output<typeof checkpointPointer>;

/** How many checkpoints a record points to: the newest, and one to fall back on. */
export const KEPT_CHECKPOINTS = 2;

/** The job that made a checkpoint, which others may continue: its folder is named by the job that it lies below. */
function checkpointOwner({ key }: CheckpointPointer): string {
  return key.split('/').at(-2) ?? '';
}

/** The jobs that made these checkpoints. */
export function ancestorsOf(checkpoints: CheckpointPointer[]): string[] {
  return [...new Set(checkpoints.map(checkpointOwner))];
}

/** Parses a list of checkpoints as records keep it. */
export function parsePointers(text: string): CheckpointPointer[] {
  return z.array(checkpointPointer).parse(JSON.parse(text));
}
