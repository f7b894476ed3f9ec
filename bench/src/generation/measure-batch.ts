import { createHash } from 'node:crypto';
import { samplingConfig } from '@glyphmill/model/config';
import { GenerationModel } from '@glyphmill/model/generation';
import { BATCH_SAMPLING, batchOrder, type BatchReport, turnedPrompts } from './batch-order.js';

/**
 * One process of the benchmark: the bare engine, which continues with many prompts. Prints a JSON line, a batch report.
 * Arguments: a batch order in JSON, threads.
 */
const order = batchOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const model = await GenerationModel.open(order.modelFolder, { device: 'cpu', threads: Number(process.argv[3] ?? '1') });

async function generate(prompts: number): Promise<string> {
  const hash = createHash('sha256');
  await model.generate({
    prompts: turnedPrompts({ ...order, prompts }).map((text, promptIndex) => ({ promptIndex, text })),
    sampling: samplingConfig.parse({ ...BATCH_SAMPLING, maxNewTokens: order.newTokens }),
    onSequence: (line) => void hash.update(`${JSON.stringify(line)}\n`),
  });
  return hash.digest('hex');
}

await generate(16);
const start = performance.now();
const sha256 = await generate(order.prompts);
const seconds = (performance.now() - start) / 1000;
await model.close();
const report: BatchReport = { tokensPerSecond: (order.prompts * order.newTokens) / seconds, sha256 };
console.log(JSON.stringify(report));
