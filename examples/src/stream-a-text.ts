/** `stream-a-text.ts MODEL_ID PROMPT`: prints a text while it is being generated. */
import process from 'node:process';
import { GlyphmillClient } from '@glyphmill/client';

const [model, prompt] = process.argv.slice(2);
if (model === undefined || prompt === undefined) throw new Error('usage: stream-a-text.ts MODEL_ID PROMPT');
const glyphmill = new GlyphmillClient({ url: process.env['GLYPHMILL_URL'] ?? 'http://127.0.0.1:3000' });

const { id } = await glyphmill.jobs.generate({ model, prompts: [prompt], maxNewTokens: 300, seed: 1, stream: true });
process.stdout.write(prompt);
for await (const event of glyphmill.jobs.events(id)) {
  if (event.type === 'text') process.stdout.write(event.text);
}
process.stdout.write('\n');
