/** What a generate job asks for at most to be one that somebody may be waiting for: some seconds of work. */
export const INTERACTIVE_LIMITS = { sequences: 16, tokens: 16 * 1024 } as const;

/** What a lane is decided by: a sequence is one sample of one prompt. */
export interface Extent {
  promptCount: number;
  samples: number;
  maxNewTokens: number;
}

/** Which field asks too much for a job to be interactive, and the limit; `undefined` where it is within both. */
export function interactiveExcess({
  promptCount,
  samples,
  maxNewTokens,
}: Extent): { field: 'samples' | 'maxNewTokens'; limit: string } | undefined {
  const { sequences, tokens } = INTERACTIVE_LIMITS;
  if (promptCount * samples > sequences) return { field: 'samples', limit: `prompts × samples ≤ ${sequences}` };
  if (promptCount * samples * maxNewTokens > tokens) {
    return { field: 'maxNewTokens', limit: `prompts × samples × maxNewTokens ≤ ${tokens}` };
  }
  return undefined;
}
