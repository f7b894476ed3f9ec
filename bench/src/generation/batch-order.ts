import { z } from 'zod';

/** Many prompts at once, as a job over HTTP and as the bare engine get them. */
export const batchOrder = z.object({
  modelFolder: z.string(),
  promptText: z.string(),
  prompts: z.int().min(1),
  newTokens: z.int().min(1),
});
export type BatchOrder = z.output<typeof batchOrder>;

/** What either of them yields. */
export const batchReport = z.object({
  tokensPerSecond: z.number().positive(),
  /** Of the output's lines: both must write the same. */
  sha256: z.string(),
});
export type BatchReport = z.output<typeof batchReport>;

/** Prompts of one length and of known characters: a text, turned on by one character from prompt to prompt. */
export function turnedPrompts({ promptText, prompts }: Pick<BatchOrder, 'promptText' | 'prompts'>): string[] {
  const characters = Array.from(promptText);
  return Array.from({ length: prompts }, (_, index) => {
    const turn = index % characters.length;
    return [...characters.slice(turn), ...characters.slice(0, turn)].join('');
  });
}

/** How the tokens are drawn. */
export const BATCH_SAMPLING = { topK: 40, seed: 1337 };
