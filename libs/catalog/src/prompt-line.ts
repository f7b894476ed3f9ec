import { REQUEST_LIMITS } from '@glyphmill/contract';
import { z } from 'zod';

/** A line of a prompts file: a JSON string, or an object whose `prompt` is one; its other fields are not looked at. */
const promptLine = z.union([z.string(), z.object({ prompt: z.string() }).transform(({ prompt }) => prompt)]);

/** What a line holds: a prompt, or the reason why it has none. */
export type PromptOfLine = { prompt: string } | { error: LineError };

/** Why a line has no prompt. */
interface LineError {
  code: 'line_too_long' | 'line_not_json' | 'line_without_prompt';
  message: string;
}

const utf8 = new TextDecoder();

/**
 * The prompt of the line with this number (from 1), or why there is none. `bytes` is `undefined` for a line that was
 * too long to be read.
 */
export function parsePromptLine(bytes: Uint8Array | undefined, lineNumber: number): PromptOfLine {
  if (bytes === undefined) {
    const message = `line ${lineNumber} has more than ${REQUEST_LIMITS.promptLineBytes} bytes; send a shorter prompt`;
    return { error: { code: 'line_too_long', message } };
  }
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    const message = `line ${lineNumber} is not JSON; it must be a JSON string, or an object with a "prompt"`;
    return { error: { code: 'line_not_json', message } };
  }
  const parsed = promptLine.safeParse(value);
  if (parsed.success) return { prompt: parsed.data };
  const message = `line ${lineNumber} has no prompt; it must be a JSON string, or an object with a string "prompt"`;
  return { error: { code: 'line_without_prompt', message } };
}
