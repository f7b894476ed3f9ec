import { modelConfig } from '@glyphmill/model/config';
import type { Device } from '@glyphmill/model/generation';

/** A context of 320: a prompt of 64 and 256 new tokens fit into the block, on both sides. */
export const GPT = modelConfig.parse({ kind: 'gpt', nLayer: 4, nHead: 4, nEmbd: 128, blockSize: 320 });
export const BIGRAM = modelConfig.parse({ kind: 'bigram' });

/** How much is measured. */
export interface Extent {
  /** How often each side is measured, in turn. */
  rounds: number;
  /** How often a process generates at least, and for how long at least. */
  repetitions: number;
  leastSeconds: number;
  newTokens: number;
  /** Of the training of the models. */
  steps: number;
  batches: readonly number[];
  /** Of a job over HTTP. */
  roadPrompts: number;
  roadTokens: number;
  /** Of a streamed request, and how many requests are streamed one after the other. */
  streamTokens: number;
  streams: number;
}

export const WHOLE: Extent = {
  rounds: 3,
  repetitions: 3,
  leastSeconds: 0.5,
  newTokens: 256,
  steps: 60,
  batches: [1, 32, 256],
  roadPrompts: 10_000,
  roadTokens: 64,
  streamTokens: 2048,
  streams: 5,
};

/** Enough to see that everything runs; the figures say nothing. */
export const QUICK: Extent = {
  rounds: 1,
  repetitions: 1,
  leastSeconds: 0,
  newTokens: 8,
  steps: 2,
  batches: [1, 4],
  roadPrompts: 600,
  roadTokens: 16,
  streamTokens: 64,
  streams: 1,
};

/** What every part of the benchmark is given. */
export interface GenerationSetup {
  /** A UTF-8 text to train on. */
  textFile: string;
  /** A Python interpreter that can import torch; of no use to the parts without a peer. */
  python: string;
  extent: Extent;
  /** What generates beside PyTorch, and PyTorch. The other parts run as a worker on a CPU does. */
  device: Device;
  /** For files that are needed while it runs. */
  folder: string;
  say: (line: string) => void;
}
