import { RandomStream } from '@glyphmill/data';

/** The name of the sequences' random streams: 'samp'. */
const STREAM = 0x73616d70;

/** A text in the making: what it starts from, and its own random numbers. */
export interface Sequence {
  /** The tokens before the first new one; at least one. */
  readonly context: Int32Array;
  readonly random: RandomStream;
}

/** A sequence's random stream depends on nothing but the seed and its place, so neither does its text. */
export function startSequence(
  prompt: Int32Array,
  { seed, promptIndex, sampleIndex }: { seed: number; promptIndex: number; sampleIndex: number },
): Sequence {
  // Where the prompt is empty the text continues from the first token of the vocabulary.
  const context = prompt.length > 0 ? prompt : Int32Array.of(0);
  return { context, random: new RandomStream(seed, STREAM, promptIndex, sampleIndex) };
}
