import type { RandomStream } from '@glyphmill/data';
import type { SamplingRules } from '../sampling/sampling-rules.js';

/** Uniform numbers are the middles of so many parts of (0, 1): multiples of 2⁻²³, as sampling-graph.ts wants them. */
const PARTS = 2 ** 22;
const LOWEST_UNIFORM = 0.5 / PARTS;

/** Below it single precision could make a 0 of a temperature; the likeliest token alone is drawn long before. */
const SMALLEST_TEMPERATURE = 1e-6;

/** The rules as the decoding graph takes them. Greedy is top-k of 1: where tokens are equally likely the lowest id, for the uniform number is {@link LOWEST_UNIFORM}. */
export function graphRules(
  { temperature, topK, topP, repetitionPenalty = 1 }: SamplingRules,
  vocabularySize: number,
): Required<SamplingRules> {
  if (temperature === 0) return { temperature: 1, topK: 1, topP: 1, repetitionPenalty };
  return {
    temperature: Math.max(temperature, SMALLEST_TEMPERATURE),
    topK: topK < vocabularySize ? topK : 0,
    topP,
    repetitionPenalty,
  };
}

/** The number by which a sequence's next token is drawn. Draws one from its stream, even if nothing depends on it. */
export function nextUniform({ temperature }: SamplingRules, random: RandomStream): number {
  const drawn = (Math.floor(random.nextFloat() * PARTS) + 0.5) / PARTS;
  return temperature === 0 ? LOWEST_UNIFORM : drawn;
}
