import { modelConfig, partialTrainingConfig } from '@glyphmill/model/config';
import { z } from 'zod';

/** A training run to measure: a model, how it is trained, and over what text. */
export const memoryOrder = z.object({
  model: modelConfig,
  training: partialTrainingConfig,
  characters: z.int(),
  vocabularySize: z.int(),
});

/** What a run took at its peak and is estimated to take, in bytes. */
export const memoryReport = z.object({ peakBytes: z.number(), estimateBytes: z.number() });
