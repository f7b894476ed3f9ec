import type { ModelConfig } from './model-config.js';

/** The fields that no weight's size follows from, or, as the block size, only that of one that can be mapped. */
const NO_SIZE = new Set(['dropout', 'blockSize']);

/**
 * In what a model differs from one whose weights it is to start from, such as `nHead is 4 and not 2`; empty if the
 * weights fit. Block size and vocabulary, which can be mapped, are not among it.
 */
export function sizeDifferences(asked: ModelConfig, source: ModelConfig): string[] {
  if (asked.kind !== source.kind) return [`kind is ${asked.kind} and not ${source.kind}`];
  const sizes = new Map<string, unknown>(Object.entries(source));
  return Object.entries(asked).flatMap(([name, value]) =>
    NO_SIZE.has(name) || value === sizes.get(name) ? [] : [`${name} is ${value} and not ${String(sizes.get(name))}`],
  );
}
