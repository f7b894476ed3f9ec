import { counted, EmptyTextError, TextTooShortError, TextTooUniformError } from './errors.js';
import { countTrainTokens } from './split.js';

/**
 * Throws the {@link import('./errors.js').DatasetError} that says why a text cannot train a model: it is empty, has
 * fewer than two distinct characters, or a split of it holds fewer than `blockSize` + 1 tokens.
 */
export function checkTrainable(
  text: { characters: number; vocabularySize: number },
  wanted: { blockSize: number; validationFraction: number },
): void {
  if (text.characters === 0) throw new EmptyTextError();
  if (text.vocabularySize < 2) throw new TextTooUniformError(text.characters);
  const { blockSize, validationFraction } = wanted;
  const trainTokens = countTrainTokens(text.characters, validationFraction);
  const splits = [
    { name: 'train split', tokens: trainTokens },
    { name: 'validation split', tokens: text.characters - trainTokens },
  ];
  for (const { name, tokens } of splits) {
    if (tokens <= blockSize) {
      const what = `${name} (validationFraction ${validationFraction} of ${counted(text.characters, 'character')})`;
      throw new TextTooShortError(what, tokens, blockSize);
    }
  }
}
