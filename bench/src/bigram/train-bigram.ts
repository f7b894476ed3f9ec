import { readFileSync, writeFileSync } from 'node:fs';
import { completeTrainingConfig } from '@glyphmill/model/config';
import { train, trainingRuntime } from '@glyphmill/model/training';

/**
 * One process of the bigram benchmark: trains once and prints a JSON line, or writes the table that both sides start
 * from. Arguments: `initial` or `train`, text file, table file, steps, batch size, block size, seed.
 */
const [mode, textFile = '', tableFile = '', ...numbers] = process.argv.slice(2);
const [steps = 1, batchSize = 1, blockSize = 1, seed = 0] = numbers.map(Number);
const WARM_UP_STEPS = 50;

const text = readFileSync(textFile, 'utf8');
const trainFor = (maxSteps: number, learningRate = 1e-3) =>
  train({
    text,
    model: { kind: 'bigram', blockSize },
    training: completeTrainingConfig('bigram', {
      maxSteps,
      batchSize,
      learningRate,
      seed,
      evalInterval: maxSteps,
      sampleInterval: 0,
    }),
  });

if (mode === 'initial') {
  // A rate this small leaves every float of the table as the seed drew it.
  const { weights } = await trainFor(1, 1e-30);
  for (const { values } of weights.values())
    writeFileSync(tableFile, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  console.log('{}');
} else {
  await trainFor(WARM_UP_STEPS);
  const { metrics, trainLoss, validationLoss } = await trainFor(steps);
  const { libraries } = await trainingRuntime();
  console.log(
    JSON.stringify({
      millisecondsPerStep: (batchSize * blockSize * 1000) / metrics.at(-1)!.tokensPerSecond,
      trainLoss,
      validationLoss,
      library: `Glyphmill on TensorFlow ${libraries['tensorflow']}`,
    }),
  );
}
