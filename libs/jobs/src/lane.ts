import { z } from 'zod';
import type { JobKind } from './job.js';

/**
 * The queues of BullMQ that jobs wait in. A kind has the lane of its name, and generate jobs that somebody may be waiting
 * for have one of their own, so that they never stand behind the shards of a big batch.
 */
export const lane = z.enum(['train', 'generate', 'generate-now']);
export type Lane = z.output<typeof lane>;

/** What a generate job asks for at most to be one that somebody may be waiting for: some seconds of work. */
export const INTERACTIVE_LIMITS = { sequences: 16, tokens: 16 * 1024 } as const;

/** What a lane is decided by: a sequence is one sample of one prompt. */
interface Extent {
  promptCount: number;
  samples: number;
  maxNewTokens: number;
}

/** The lane of a generate job; it depends on the request alone. */
export function generateLane(extent: Extent): Lane {
  return interactiveExcess(extent) === undefined ? 'generate-now' : 'generate';
}

/** Which field asks too much for a job to be interactive, and the limit; `undefined` where it is within both. */
export function interactiveExcess({
  promptCount,
  samples,
  maxNewTokens,
}: Extent): { field: 'samples' | 'maxNewTokens'; limit: string } | undefined {
  const { sequences, tokens } = INTERACTIVE_LIMITS;
  if (promptCount * samples > sequences) return { field: 'samples', limit: `prompts × samples ≤ ${sequences}` };
  if (promptCount * samples * maxNewTokens > tokens) {
    return { field: 'maxNewTokens', limit: `prompts × samples × maxNewTokens ≤ ${tokens}` };
  }
  return undefined;
}

/** The lanes in which the jobs of a kind wait. */
export function lanesOf(kind: JobKind): readonly Lane[] {
  return kind === 'train' ? ['train'] : ['generate', 'generate-now'];
}
