import { z } from 'zod';

/** What a process that measures the parts of a step is to do. */
export const partsOrder = z.object({
  textFile: z.string(),
  /** A folder with the model's weights: their shapes are those that the optimizer updates. */
  startFolder: z.string(),
  runs: z.int().min(1),
  /** Runs before those, which do not count. */
  warmUpRuns: z.int().min(0),
});

/** Median milliseconds of each part alone. */
export const partTimes = z.object({ batchMs: z.number(), productsMs: z.number(), optimizerMs: z.number() });
export type PartTimes = z.output<typeof partTimes>;
