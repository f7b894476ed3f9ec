/** An array of numbers; `values` are row-major. */
export interface WeightArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A model's trainable numbers by the names under which they are published. */
export type Weights = ReadonlyMap<string, WeightArray>;

/** The array of a name; throws where the model has none, which is a mistake of the caller. */
export function weightNamed(weights: Weights, name: string): WeightArray {
  const array = weights.get(name);
  if (array === undefined)
    throw new RangeError(`There is no weight ${name}; there are ${[...weights.keys()].join(', ')}.`);
  return array;
}
