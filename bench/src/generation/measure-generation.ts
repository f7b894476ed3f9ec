import { samplingConfig } from '@glyphmill/model/config';
import { GenerationModel, generationRuntime } from '@glyphmill/model/generation';
import { median } from '../figure.js';
import { peakMemoryBytes } from '../peak-memory.js';
import { turnedPrompts } from './batch-order.js';
import { generationOrder, type GenerationReport } from './generation-report.js';

/**
 * One process of the benchmark: generates text with a published model as a worker's engine does, and prints a JSON line,
 * a generation report. Arguments: a generation order in JSON, threads.
 */
const order = generationOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const threads = Number(process.argv[3] ?? '1');
const model = await GenerationModel.open(order.modelFolder, { device: order.device, threads });

const prompts = turnedPrompts({ promptText: order.promptText, prompts: order.batch });

async function seconds(maxNewTokens: number): Promise<number> {
  const start = performance.now();
  await model.generate({
    prompts: prompts.map((text, promptIndex) => ({ promptIndex, text })),
    sampling: samplingConfig.parse({ maxNewTokens, topK: order.topK, seed: order.seed }),
    onSequence: () => undefined,
  });
  return (performance.now() - start) / 1000;
}

/** As often as the order says, and for as long. */
async function medianSeconds(maxNewTokens: number): Promise<number> {
  const begin = performance.now();
  const taken: number[] = [];
  while (taken.length < order.repetitions || performance.now() - begin < 1000 * order.leastSeconds) {
    taken.push(await seconds(maxNewTokens));
  }
  return median(taken);
}

await medianSeconds(Math.min(8, order.newTokens)); // warms up: an engine stays, and its code is compiled as it runs
const firstTokenMs = 1000 * (await medianSeconds(1));
const tokensPerSecond = (order.batch * order.newTokens) / (await medianSeconds(order.newTokens));
await model.close();
const { libraries } = await generationRuntime(order.device);
const report: GenerationReport = {
  tokensPerSecond,
  firstTokenMs,
  peakMemoryBytes: peakMemoryBytes(),
  library: `ONNX Runtime ${libraries['onnxruntime']}`,
};
console.log(JSON.stringify(report));
