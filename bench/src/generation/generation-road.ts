import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '@glyphmill/model/config';
import { engineEnvironment } from '../engine-environment.js';
import { type Figure, moreIsBetter } from '../figure.js';
import { measuredProcess } from '../measured-process.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { type BatchOrder, batchReport, type BatchReport } from './batch-order.js';
import { GeneratingStack } from './generating-stack.js';
import { BIGRAM, type GenerationSetup, GPT } from './generation-setup.js';
import { publishedModel } from './published-model.js';

/** How many tokens a second of a job over HTTP are left of those of the bare engine. */
export async function generationRoad(setup: GenerationSetup): Promise<Section> {
  const { roadPrompts, roadTokens, rounds } = setup.extent;
  const figures: Figure[] = [];
  for (const model of [GPT, BIGRAM]) figures.push(await roadOf(model, setup));
  return {
    title: 'The whole road',
    about:
      `A job of ${roadPrompts} prompts of 64 characters and ${roadTokens} new tokens each over HTTP (api, Valkey, a worker with its ` +
      'generation engine, all on the same cores, and a client that waits for its success) beside `GenerationModel.generate` ' +
      `with the same prompts in a process alone, in turn, ${rounds} rounds. The job counts from the request to the event of its ` +
      'success; both write the same bytes.',
    figures,
  };
}

async function roadOf(model: ModelConfig, setup: GenerationSetup): Promise<Figure> {
  const { extent, folder, say } = setup;
  const { modelFolder, promptText } = await publishedModel(model, setup);
  const order = { modelFolder, promptText, prompts: extent.roadPrompts, newTokens: extent.roadTokens };
  const threads = THREAD_COUNTS.at(-1)!;
  const road: BatchReport[] = [];
  const bare: BatchReport[] = [];
  for (let round = 1; round <= extent.rounds; round += 1) {
    bare.push(await bareBatch(order, threads));
    const stack = await GeneratingStack.start(modelFolder, join(folder, `${model.kind}-road-${round}`), threads);
    try {
      road.push(await stack.batch(order));
    } finally {
      await stack.stop();
    }
    const [mine, alone] = [road, bare].map((side) => side.at(-1)!);
    if (mine!.sha256 !== alone!.sha256) throw new Error(`the job of a ${model.kind} wrote other text than the engine`);
    const speeds = [mine, alone].map((each) => each!.tokensPerSecond.toFixed(0));
    say(`${model.kind} road, round ${round} of ${extent.rounds}: ${speeds[0]} tokens/s as a job, ${speeds[1]} bare`);
  }
  return moreIsBetter(
    { figure: `${model.kind} job, beside the bare engine`, threads, batch: extent.roadPrompts, unit: 'tokens/s' },
    road.map(({ tokensPerSecond }) => tokensPerSecond),
    bare.map(({ tokensPerSecond }) => tokensPerSecond),
  );
}

async function bareBatch(order: BatchOrder, threads: number): Promise<BatchReport> {
  const script = fileURLToPath(new URL('measure-batch.js', import.meta.url));
  const line = { command: process.execPath, args: [script, JSON.stringify(order), String(threads)] };
  return batchReport.parse(await measuredProcess(line, { threads, environment: engineEnvironment(threads) }));
}
