/** How a weight starts: as ones, as zeros, or from N(0, standardDeviation²). */
export type WeightStart = 'ones' | 'zeros' | { standardDeviation: number };

/** A weight before it has numbers. */
export interface PlannedWeight {
  shape: readonly number[];
  /** What the places of an axis stand for, where it is a token or a position; left out: features alone. */
  axes?: readonly ('vocabulary' | 'position' | 'feature')[];
  start: WeightStart;
}

/** A layer's or a model's weights by their published names, in the order in which their random numbers are drawn. */
export type WeightPlan = Readonly<Record<string, PlannedWeight>>;

/** What GPT-2 and nanoGPT start matrices and embeddings with. */
export const NORMAL_START = { standardDeviation: 0.02 } as const;
