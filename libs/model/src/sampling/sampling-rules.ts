import type { SamplingConfig } from '../config/index.js';

/** What the rules need of a sampling configuration; without a repetition penalty there is none. */
export type SamplingRules = Pick<SamplingConfig, 'temperature' | 'topK' | 'topP'> &
  Partial<Pick<SamplingConfig, 'repetitionPenalty'>>;

/** Whether the rules depend on what a text has already, and not on its newest token alone. */
export function hasPenalty({ repetitionPenalty = 1 }: SamplingRules): boolean {
  return repetitionPenalty !== 1;
}
