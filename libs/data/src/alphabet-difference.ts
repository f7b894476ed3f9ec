import { describeCodePoint } from './code-point.js';

const SHOWN = 3;

/**
 * In what the characters of a text differ from those that a model knows, as in
 * `the text has 1 character that it does not know (“é” (U+00E9))`; `undefined` when they are the same ones.
 */
export function alphabetDifference(text: Iterable<string>, model: Iterable<string>): string | undefined {
  const [own, known] = [new Set(text), new Set(model)];
  const unknown = [...own].filter((character) => !known.has(character));
  const missing = [...known].filter((character) => !own.has(character));
  const parts = [
    ...(unknown.length > 0 ? [`has ${counted(unknown.length)} that it does not know (${examples(unknown)})`] : []),
    ...(missing.length > 0 ? [`lacks ${counted(missing.length)} that it knows (${examples(missing)})`] : []),
  ];
  return parts.length === 0 ? undefined : `the text ${parts.join(' and ')}`;
}

function counted(characters: number): string {
  return characters === 1 ? '1 character' : `${characters} characters`;
}

function examples(characters: readonly string[]): string {
  const shown = characters.slice(0, SHOWN).map((character) => describeCodePoint(character.codePointAt(0)!));
  return characters.length > SHOWN ? `${shown.join(', ')}, …` : shown.join(', ');
}
