import { createHash } from 'node:crypto';
import {
  BatchSampler,
  CharacterTokenizer,
  checkTrainable,
  compactTokens,
  RandomStream,
  splitTokens,
  type Batch,
  type TokenArray,
} from '@glyphmill/data';
import type { ModelConfig, TrainingConfig } from '../config/index.js';

/** The name of the evaluation's random stream: 'eval'. */
const EVALUATION_STREAM = 0x6576616c;

export type Split = 'train' | 'validation';
const SPLITS = ['train', 'validation'] as const;

/** A text as training needs it: its tokenizer, its two splits in tokens, and the batches that are cut of them. */
export class Corpus {
  readonly tokenizer: CharacterTokenizer;
  /** The sha256 of the text in UTF-8, in hexadecimal. */
  readonly textSha256: string;
  /** How many bytes of UTF-8 a token of the validation split stands for on average. */
  readonly bytesPerToken: number;
  readonly #splits: Record<Split, TokenArray>;
  readonly #batchSize: number;
  readonly #blockSize: number;
  readonly #training: TrainingConfig;

  /** Throws the `DatasetError` that says why a text cannot train this model. */
  constructor(text: string, { blockSize }: ModelConfig, training: TrainingConfig) {
    this.tokenizer = CharacterTokenizer.fromText(text);
    const tokens = this.tokenizer.encode(text);
    const { vocabularySize } = this.tokenizer;
    const { validationFraction, batchSize } = training;
    checkTrainable({ characters: tokens.length, vocabularySize }, { blockSize, validationFraction });
    this.textSha256 = createHash('sha256').update(text).digest('hex');
    this.#splits = splitTokens(compactTokens(tokens, vocabularySize), validationFraction);
    this.bytesPerToken = meanBytes(this.#splits.validation, this.tokenizer.vocabulary);
    this.#batchSize = batchSize;
    this.#blockSize = blockSize;
    this.#training = training;
  }

  /** Random batches of the train split. */
  sampler(): BatchSampler {
    return this.#samplerOf('train', this.#training.seed);
  }

  /** The batches of an evaluation on the way: drawn from the split, and the same ones each time. */
  *evaluationBatches(split: Split): Generator<Batch> {
    const seed = new RandomStream(this.#training.seed, EVALUATION_STREAM, SPLITS.indexOf(split)).nextUint32();
    const sampler = this.#samplerOf(split, seed);
    for (let batch = 0; batch < this.#training.evalBatches; batch += 1) yield sampler.next();
  }

  /** The whole split, each token but the first a target once, in batches of the training's size; the last is shorter. */
  *wholeBatches(split: Split): Generator<Batch> {
    const tokens = this.#splits[split];
    const count = this.#batchSize * this.#blockSize;
    for (let start = 0; start + 1 < tokens.length; start += count) {
      const end = Math.min(start + count, tokens.length - 1);
      yield {
        inputs: Int32Array.from(tokens.subarray(start, end)),
        targets: Int32Array.from(tokens.subarray(start + 1, end + 1)),
      };
    }
  }

  /** How many batches {@link wholeBatches} yields of both splits. */
  get wholeBatchCount(): number {
    const count = this.#batchSize * this.#blockSize;
    return SPLITS.reduce((sum, split) => sum + Math.ceil((this.#splits[split].length - 1) / count), 0);
  }

  #samplerOf(split: Split, seed: number): BatchSampler {
    return new BatchSampler(this.#splits[split], { batchSize: this.#batchSize, blockSize: this.#blockSize, seed });
  }
}

function meanBytes(tokens: TokenArray, vocabulary: readonly string[]): number {
  const bytesOf = vocabulary.map((character) => Buffer.byteLength(character));
  let bytes = 0;
  for (const token of tokens) bytes += bytesOf[token]!;
  return bytes / tokens.length;
}
