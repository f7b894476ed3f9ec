import { modelConfig, partialTrainingConfig } from '@glyphmill/model/config';
import { z } from 'zod';

/** A training run to measure: a model, how it is trained, and over what text. */
export const memoryOrder = z.object({
  model: modelConfig,
  training: partialTrainingConfig,
  characters: z.int(),
  vocabularySize: z.int(),
});

export type MemoryOrder = z.output<typeof memoryOrder>;

/** What a run took at its peak and is estimated to take, in bytes. */
export const memoryReport = z.object({ peakBytes: z.number(), estimateBytes: z.number() });
export type MemoryReport = z.output<typeof memoryReport>;
