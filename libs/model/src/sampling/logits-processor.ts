import type { SamplingRules } from './sampling-rules.js';
import type { SeenTokens } from './seen-tokens.js';

/** A rule that changes the logits of one step in place; −Infinity takes a token out. */
export interface LogitsProcessor {
  process(logits: Float64Array): void;
}

/**
 * The rules that a configuration asks for, in the order in which Hugging Face's transformers apply them. `seen` is looked
 * at when they are applied, where there is a penalty.
 */
export function logitsProcessors(
  { temperature, topK, topP, repetitionPenalty = 1 }: SamplingRules,
  seen: SeenTokens = new Uint8Array(0),
): LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  if (repetitionPenalty !== 1) processors.push(new RepetitionPenalty(repetitionPenalty, seen));
  if (temperature === 0) return [...processors, new Greedy()];
  if (temperature !== 1) processors.push(new Temperature(temperature));
  if (topK > 0) processors.push(new TopK(topK));
  if (topP < 1) processors.push(new TopP(topP));
  return processors;
}

/**
 * Divides the logits of seen tokens by the penalty where they are positive, and multiplies them where they are negative.
 * Keskar et al. 2019, "CTRL: a conditional transformer language model for controllable generation", whose formula only
 * divides; as transformers does it.
 */
export class RepetitionPenalty implements LogitsProcessor {
  constructor(
    readonly penalty: number,
    readonly seen: SeenTokens,
  ) {}

  process(logits: Float64Array): void {
    for (let id = 0; id < logits.length; id += 1) {
      if (this.seen[id] !== 1) continue;
      const logit = logits[id]!;
      logits[id] = logit < 0 ? logit * this.penalty : logit / this.penalty;
    }
  }
}

/** Leaves the likeliest token only; of equal ones the one with the lowest id. */
export class Greedy implements LogitsProcessor {
  process(logits: Float64Array): void {
    let likeliest = 0;
    for (let id = 1; id < logits.length; id += 1) {
      if (logits[id]! > logits[likeliest]!) likeliest = id;
    }
    const logit = logits[likeliest]!;
    logits.fill(-Infinity);
    logits[likeliest] = logit;
  }
}

/** Divides the logits: above 1 evens the probabilities out, below 1 sharpens them. */
export class Temperature implements LogitsProcessor {
  constructor(readonly temperature: number) {}

  process(logits: Float64Array): void {
    // The largest becomes 0 first, so that a tiny temperature cannot make an infinity of it.
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    for (let id = 0; id < logits.length; id += 1) logits[id] = (logits[id]! - largest) / this.temperature;
  }
}

/** Leaves the `k` likeliest tokens, and any that are as likely as the last of them. */
export class TopK implements LogitsProcessor {
  constructor(readonly k: number) {}

  process(logits: Float64Array): void {
    if (this.k >= logits.length) return;
    const threshold = logits.toSorted()[logits.length - this.k]!;
    for (let id = 0; id < logits.length; id += 1) {
      if (logits[id]! < threshold) logits[id] = -Infinity;
    }
  }
}

/**
 * Leaves the smallest set of tokens, likeliest first, whose probabilities add up to at least `p`; never none.
 * Of equal ones the lowest id comes first. Holtzman et al. 2020, "The curious case of neural text degeneration".
 */
export class TopP implements LogitsProcessor {
  constructor(readonly p: number) {}

  process(logits: Float64Array): void {
    const likeliestFirst = Uint32Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const largest = logits[likeliestFirst[0]!]!;
    const weights = Float64Array.from(likeliestFirst, (id) => Math.exp(logits[id]! - largest));
    const wanted = this.p * weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    for (const [rank, id] of likeliestFirst.entries()) {
      if (sum >= wanted) logits[id] = -Infinity;
      sum += weights[rank]!;
    }
  }
}
