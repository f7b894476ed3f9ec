import { RandomStream, type CharacterTokenizer } from '@glyphmill/data';
import { type ModelConfig, sizeDifferences } from '../config/index.js';
import { readModelWeights } from '../generation/model-folder.js';
import { definitionOf } from '../kinds/definition-of.js';
import { startPlanned } from '../layers/planned-weights.js';
import type { WeightPlan } from '../layers/weight-plan.js';
import { weightNamed, type Weights } from '../weights/weights.js';

/** The name of the random stream of initial weights: 'weig'. */
const WEIGHTS_STREAM = 0x77656967;

/** A published model whose weights a new one starts from, and how what differs is mapped. */
export interface InitialModel {
  /** A model folder on this machine. */
  folder: string;
  /** `by-character`: characters that both know keep what was learned of them, new ones start fresh. */
  vocabulary: 'same' | 'by-character';
  /** `resize`: the positions that both have keep what was learned of them, new ones start fresh. */
  positions: 'same' | 'resize';
}

/** `init_mismatch`: the weights to start from are of another model, and no mapping was named. */
export class InitMismatchError extends Error {
  override readonly name = 'InitMismatchError';
  readonly code = 'init_mismatch';
}

/** The weights that a seed starts a model with. */
export function seededWeights(model: ModelConfig, vocabularySize: number, seed: number): Weights {
  return startPlanned(definitionOf(model).plan(vocabularySize), new RandomStream(seed, WEIGHTS_STREAM));
}

/** Throws {@link InitMismatchError} unless `weights` are those of the model, in name and shape. */
export function checkWeights(weights: Weights, model: ModelConfig, vocabularySize: number): void {
  const plan = definitionOf(model).plan(vocabularySize);
  const describe = (shapes: [string, readonly number[]][]) =>
    shapes.map(([name, shape]) => `${name} [${shape.join(', ')}]`).sort();
  const expected = describe(Object.entries(plan).map(([name, { shape }]) => [name, shape]));
  const given = describe([...weights].map(([name, { shape }]) => [name, shape]));
  const missing = expected.find((weight) => !given.includes(weight));
  const spare = given.find((weight) => !expected.includes(weight));
  if (missing === undefined && spare === undefined) return;
  throw new InitMismatchError(
    `The initial weights are not those of the model: ${missing ? `${missing} is missing` : `${spare} is none of its own`}.`,
  );
}

/**
 * The weights that a model over `tokenizer` starts with where it continues from a published one. What the mapping leaves
 * open starts from the seed. Throws {@link InitMismatchError}, and `ModelFolderError` for a folder that is no model.
 */
export async function weightsFromModel(
  source: InitialModel,
  { model, tokenizer, seed }: { model: ModelConfig; tokenizer: CharacterTokenizer; seed: number },
): Promise<Weights> {
  const { manifest, vocabulary, weights } = await readModelWeights(source.folder);
  const differences = sizeDifferences(model, manifest.model);
  if (differences.length > 0) {
    throw new InitMismatchError(`The weights of ${manifest.id} do not fit: ${differences.join('; ')}. Take the same.`);
  }
  if (source.positions === 'same' && manifest.model.blockSize !== model.blockSize) {
    throw new InitMismatchError(
      `model.blockSize is ${model.blockSize}, but ${manifest.id} was trained with ${manifest.model.blockSize}. ` +
        'Take the same, or name the mapping: initFrom.positions "resize".',
    );
  }
  const theirs = new Map(vocabulary.map((character, id) => [character, id]));
  const shared = tokenizer.vocabulary.filter((character) => theirs.has(character)).length;
  const isSame = shared === vocabulary.length && shared === tokenizer.vocabularySize;
  if (source.vocabulary === 'same' && !isSame) {
    throw new InitMismatchError(
      `The text has ${tokenizer.vocabularySize} distinct characters, of which ${manifest.id} knows ${shared}; it knows ` +
        `${vocabulary.length}. Take a text with the same characters, or name the mapping: initFrom.vocabulary "by-character".`,
    );
  }
  // For each token of the new vocabulary its id in the old one, or undefined.
  const oldIds = tokenizer.vocabulary.map((character) => theirs.get(character));
  const started = seededWeights(model, tokenizer.vocabularySize, seed);
  return mapped(definitionOf(model).plan(tokenizer.vocabularySize), started, weights, oldIds);
}

/** The started weights, with what the old ones know of the same places. */
function mapped(plan: WeightPlan, started: Weights, old: Weights, oldIds: readonly (number | undefined)[]): Weights {
  const entries = Object.entries(plan).map(([name, { shape, axes = [] }]) => {
    const source = weightNamed(old, name);
    const values = Float32Array.from(weightNamed(started, name).values);
    const oldPlace = (axis: number, place: number) => {
      if (axes[axis] === 'vocabulary') return oldIds[place];
      return place < source.shape[axis]! ? place : undefined;
    };
    copyPlaces(values, shape, source.values, source.shape, oldPlace);
    return [name, { shape, values }] as const;
  });
  return new Map(entries);
}

/** Copies each number whose place on every axis has one in the source. */
function copyPlaces(
  values: Float32Array,
  shape: readonly number[],
  source: Float32Array,
  sourceShape: readonly number[],
  placeOf: (axis: number, place: number) => number | undefined,
): void {
  const visit = (axis: number, at: number, sourceAt: number): void => {
    if (axis === shape.length) {
      values[at] = source[sourceAt]!;
      return;
    }
    for (let place = 0; place < shape[axis]!; place += 1) {
      const sourcePlace = placeOf(axis, place);
      if (sourcePlace === undefined) continue;
      visit(axis + 1, at * shape[axis]! + place, sourceAt * sourceShape[axis]! + sourcePlace);
    }
  };
  visit(0, 0, 0);
}
