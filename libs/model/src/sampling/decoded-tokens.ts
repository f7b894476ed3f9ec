import type { Decoder, DecodingOptions } from './decoder.js';
import type { Sequence } from './sequence.js';

/** All new tokens of each sequence. */
export async function decodedTokens(
  decoder: Decoder,
  sequences: readonly Sequence[],
  options: Omit<DecodingOptions, 'onTokens'>,
): Promise<Int32Array[]> {
  const texts = sequences.map((): number[] => []);
  await decoder.decode(sequences, {
    ...options,
    onTokens: (index, { tokens }) => {
      texts[index]!.push(...tokens);
      return true;
    },
  });
  return texts.map((tokens) => Int32Array.from(tokens));
}
