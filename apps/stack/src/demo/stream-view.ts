import type { GlyphmillClient } from '@glyphmill/client';

const PROMPT = 'Call me ';
const MAX_NEW_TOKENS = 400;

/** Streams one text and shows it while it is written: each piece as its event arrives. */
export async function showStream(api: GlyphmillClient, model: string, write: (text: string) => void): Promise<void> {
  const startedAt = performance.now();
  const request = { model, prompts: [PROMPT], maxNewTokens: MAX_NEW_TOKENS, temperature: 0.8, seed: 7, stream: true };
  const job = await api.jobs.generate(request);
  write(`\nStreaming one text while it is written: ${job.id}\n\n`);
  let firstTextMs: number | undefined;
  let tokens = 0;
  let pieces = 0;
  write(indented(`\n${PROMPT}`));
  for await (const event of api.jobs.events(job.id)) {
    if (event.type !== 'text') continue;
    firstTextMs ??= performance.now() - startedAt;
    tokens = event.tokenCount;
    pieces += 1;
    write(indented(event.text));
  }
  await api.jobs.succeeded(job.id);
  const wholeMs = performance.now() - startedAt;
  write(
    `\n\n  The first text came ${firstTextMs?.toFixed(0)} ms after the request, all ${tokens} characters in ` +
      `${pieces} ${pieces === 1 ? 'piece' : 'pieces'} within ${wholeMs.toFixed(0)} ms.\n`,
  );
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n    │ ');
}
