import { join } from 'node:path';
import { type Figure, lessIsBetter, median } from '../figure.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { turnedPrompts } from './batch-order.js';
import { GeneratingStack } from './generating-stack.js';
import { type GenerationSetup, GPT } from './generation-setup.js';
import { publishedModel } from './published-model.js';

/** How one streamed request looked to its reader, in milliseconds. */
interface Reading {
  /** From the request to the first piece of text. */
  firstTextMs: number;
  /** From each piece to the next. */
  gapsMs: number[];
}

/** How a streamed text comes to its reader, alone and while a big job runs on the same worker. */
export async function streamedText(setup: GenerationSetup): Promise<Section> {
  const { extent, folder, say } = setup;
  const { streams, streamTokens, roadPrompts, roadTokens } = extent;
  const { modelFolder, promptText } = await publishedModel(GPT, setup);
  const threads = THREAD_COUNTS.at(-1)!;
  const stack = await GeneratingStack.start(modelFolder, join(folder, 'stream'), threads);
  const read = async (when: string) => {
    const readings: Reading[] = [];
    for (let each = 1; each <= streams; each += 1) {
      const reading = await readStream(stack, promptText, streamTokens);
      readings.push(reading);
      const [first, gap] = [reading.firstTextMs, median(reading.gapsMs)].map((ms) => ms.toFixed(1));
      say(`stream ${each} of ${streams}, ${when}: first text ${first} ms, then every ${gap} ms`);
    }
    return readings;
  };
  try {
    const alone = await read('alone');
    const batch = await stack.generate({
      prompts: turnedPrompts({ promptText, prompts: roadPrompts }),
      // So long that it is still running when the last text is streamed.
      maxNewTokens: 100 * roadTokens,
    });
    await untilRunning(stack, batch);
    const beside = await read('beside a batch');
    await stack.client.jobs.cancel(batch);
    const figures = (['median', 'p99'] as const).flatMap((which): Figure[] => {
      const compare = (what: string, values: (readings: Reading[]) => number[]) =>
        lessIsBetter(
          { figure: `${what}, ${which}: beside a batch (peer: alone)`, threads, batch: 1, unit: 'ms' },
          [quantile(values(beside), which)],
          [quantile(values(alone), which)],
        );
      const gaps = compare('time between pieces', (readings) => readings.flatMap(({ gapsMs }) => gapsMs));
      if (which === 'p99') return [gaps];
      return [compare('first text', (readings) => readings.map(({ firstTextMs }) => firstTextMs)), gaps];
    });
    return {
      title: 'A streamed text',
      about:
        `The same GPT as a job over HTTP, on one worker: a request of one prompt of 64 characters, with \`stream\` and ` +
        `${streamTokens} new tokens, whose reader follows the events (server-sent); ${streams} of them one after the other, ` +
        `first alone, then while a job of ${roadPrompts} prompts runs on that worker. A piece is an event with text; the first one ` +
        'counts from the request.',
      figures,
    };
  } finally {
    await stack.stop();
  }
}

async function readStream(stack: GeneratingStack, promptText: string, maxNewTokens: number): Promise<Reading> {
  const start = performance.now();
  const arrivals: number[] = [];
  const id = await stack.generate({ prompts: [promptText], maxNewTokens, stream: true });
  for await (const event of stack.events(id)) {
    if (event.type === 'text' && event.text !== '') arrivals.push(performance.now());
  }
  const gapsMs = arrivals.slice(1).map((at, index) => at - arrivals[index]!);
  return { firstTextMs: arrivals[0]! - start, gapsMs };
}

async function untilRunning(stack: GeneratingStack, id: string): Promise<void> {
  for await (const event of stack.client.jobs.events(id)) {
    if (event.type === 'state' && event.state === 'running') return;
  }
}

function quantile(values: number[], which: 'median' | 'p99'): number {
  if (which === 'median') return median(values);
  return values.toSorted((a, b) => a - b)[Math.floor(0.99 * values.length)]!;
}
