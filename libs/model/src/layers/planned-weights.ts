import type { RandomStream } from '@glyphmill/data';
import type { PlannedWeight, WeightPlan } from './weight-plan.js';
import type { Weights } from '../weights/weights.js';

/** The numbers that a model starts from. The same stream yields the same ones. */
export function startPlanned(plan: WeightPlan, random: RandomStream): Weights {
  const started = Object.entries(plan).map(([name, planned]) => {
    return [name, { shape: planned.shape, values: startValues(planned, random) }] as const;
  });
  return new Map(started);
}

function startValues({ shape, start }: PlannedWeight, random: RandomStream): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (start === 'ones') values.fill(1);
  else if (start !== 'zeros') random.fillNormal(values, 0, start.standardDeviation);
  return values;
}
