import { join } from 'node:path';
import { GlyphmillClient } from '@glyphmill/client';
import { glyphmill } from '../contestant.js';
import { moreIsBetter } from '../figure.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import type { TrainingReport } from '../training-report.js';
import { RunningStack } from '../running-stack.js';
import { NANO_GPT, type TrainingSetup } from './training-setup.js';
import { uploadText, watchTraining } from './watched-job.js';

/** How many steps a second of a job over HTTP are left of those of the bare training loop. */
export async function wholeRoad({ textFile, extent, folder, say }: TrainingSetup): Promise<Section> {
  const { rounds, roadSteps } = extent;
  const threads = THREAD_COUNTS.at(-1)!;
  const { batchSize } = NANO_GPT.training;
  const { blockSize } = NANO_GPT.model;
  const stopAfter = 2 * roadSteps;
  const training = { ...NANO_GPT.training, maxSteps: 10 * roadSteps, evalInterval: roadSteps };
  const order = { model: NANO_GPT.model, training, stopAfter };
  const bare: Rates[] = [];
  const road: Rates[] = [];
  const stack = await RunningStack.start(join(folder, 'stack'), threads);
  try {
    const client = new GlyphmillClient({ url: stack.url });
    const dataset = await uploadText(client, textFile);
    for (let round = 1; round <= rounds; round += 1) {
      bare.push(rates(await glyphmill().train({ ...order, textFile }, threads), batchSize * blockSize));
      road.push(rates({ metrics: await watchTraining(client, dataset, order) }, batchSize * blockSize));
      const [mine, alone] = [road, bare].map((side) => side.at(-1)!.byClock.toFixed(2));
      say(`road, round ${round} of ${rounds}: ${mine} steps/s as a job, ${alone} bare`);
    }
  } finally {
    await stack.stop();
  }
  const compare = (figure: string, quantity: keyof Rates) =>
    moreIsBetter(
      { figure: `${figure}, job beside bare loop`, threads, batch: batchSize, unit: 'steps/s' },
      road.map((each) => each[quantity]),
      bare.map((each) => each[quantity]),
    );
  return {
    title: 'The whole road',
    about:
      'A train job over HTTP (api, Valkey, a worker with its training engine, all on the same cores, and a client that reads all ' +
      `events) beside the bare \`train()\` loop in a process alone, in turn, ${rounds} rounds. By the clock: from the event of ` +
      `step ${roadSteps} to that of step ${stopAfter}, for the job when they arrive at the client. By the metrics: from ` +
      '`tokensPerSecond` of the last of those events, which counts the time within steps, without the first one.',
    figures: [compare('steps by the clock', 'byClock'), compare('steps by the metrics', 'byMetrics')],
  };
}

/** Steps a second. */
interface Rates {
  byClock: number;
  byMetrics: number;
}

/** Of the last two evaluations. */
function rates({ metrics }: Pick<TrainingReport, 'metrics'>, tokensPerStep: number): Rates {
  const [first, last] = metrics.slice(-2) as [(typeof metrics)[number], (typeof metrics)[number]];
  return {
    byClock: ((last.step - first.step) * 1000) / (last.atMs - first.atMs),
    byMetrics: last.tokensPerSecond / tokensPerStep,
  };
}
