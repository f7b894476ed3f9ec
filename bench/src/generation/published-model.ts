import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '@glyphmill/model/config';
import { z } from 'zod';
import { engineEnvironment } from '../engine-environment.js';
import { measuredProcess } from '../measured-process.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { GenerationOrder } from './generation-report.js';
import type { GenerationSetup } from './generation-setup.js';

const published = z.object({ vocabularySize: z.int(), promptText: z.string(), prompt: z.array(z.int()) });

/** A model that is published into a folder, and what an order needs to know of it. */
export type PublishedModel = z.output<typeof published> &
  Pick<GenerationOrder, 'model' | 'modelFolder' | 'weightsFolder'>;

/** Trains a model shortly and publishes it; the parts of a benchmark share it. */
export async function publishedModel(
  model: ModelConfig,
  { textFile, folder, extent, say }: GenerationSetup,
): Promise<PublishedModel> {
  const [modelFolder, weightsFolder] = [join(folder, model.kind), join(folder, `${model.kind}-weights`)];
  const aboutFile = join(folder, `${model.kind}.json`);
  if (!existsSync(aboutFile)) {
    say(`training a ${model.kind} for ${extent.steps} steps`);
    const script = fileURLToPath(new URL('train-published.js', import.meta.url));
    const args = [script, JSON.stringify(model), textFile, modelFolder, weightsFolder, String(extent.steps)];
    const threads = THREAD_COUNTS.at(-1)!;
    const line = { command: process.execPath, args };
    const about = await measuredProcess(line, { threads, environment: engineEnvironment(threads) });
    writeFileSync(aboutFile, JSON.stringify(about));
  }
  return { model, ...published.parse(JSON.parse(readFileSync(aboutFile, 'utf8'))), modelFolder, weightsFolder };
}
