import { type Extent, interactiveExcess } from '@glyphmill/contract';
import { z } from 'zod';

/**
 * The queues of BullMQ that jobs wait in. A kind has the lane of its name, and generate jobs that somebody may be waiting
 * for have one of their own, so that they never stand behind the shards of a big batch.
 */
export const lane = z.enum(['train', 'generate', 'generate-now']);
export type Lane = z.output<typeof lane>;

/** The lane of a generate job; it depends on the request alone. */
export function generateLane(extent: Extent): Lane {
  return interactiveExcess(extent) === undefined ? 'generate-now' : 'generate';
}
