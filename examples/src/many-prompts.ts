/** `many-prompts.ts MODEL_ID PROMPTS_FILE`: generates for each line of a file, `{"prompt": "…"}` or a JSON string. */
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import { GlyphmillClient } from '@glyphmill/client';

const [model, file] = process.argv.slice(2);
if (model === undefined || file === undefined) throw new Error('usage: many-prompts.ts MODEL_ID PROMPTS_FILE');
const glyphmill = new GlyphmillClient({ url: process.env['GLYPHMILL_URL'] ?? 'http://127.0.0.1:3000' });

const prompts = await glyphmill.datasets.upload(await openAsBlob(file), { name: basename(file) });
const { id } = await glyphmill.jobs.generate({ model, promptsDataset: prompts.id, samples: 2, maxNewTokens: 50 });
await glyphmill.jobs.succeeded(id);

// A prompt that the model cannot read is a line with an error; the others have their text.
for await (const line of glyphmill.jobs.output(id)) {
  const place = `${line.promptIndex}.${line.sampleIndex}`;
  console.log(
    'error' in line ? `${place} ${line.error.message}` : `${place} ${JSON.stringify(line.prompt + line.text)}`,
  );
}
