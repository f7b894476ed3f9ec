/** `tensorflow_unavailable`: the native addon, or a library that it needs, could not be loaded; `cause` is what said so. */
export class TensorFlowUnavailableError extends Error {
  override readonly name = 'TensorFlowUnavailableError';
  readonly code = 'tensorflow_unavailable';

  constructor(cause: unknown) {
    const reason = firstLine(cause instanceof Error ? cause.message : String(cause));
    super(`TensorFlow could not be loaded: ${reason} Run \`npm run setup\` to fetch and build it for this Node.js.`, {
      cause,
    });
  }
}

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0]!.trim();
  return line.endsWith('.') ? line : `${line}.`;
}
