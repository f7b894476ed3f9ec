import { mkdirSync, readFileSync } from 'node:fs';
import { completeTrainingConfig, modelConfig } from '@glyphmill/model/config';
import { exportModel, train } from '@glyphmill/model/training';
import { writeWeights } from '../weights-folder.js';

/**
 * One process of the benchmark: trains a model shortly, publishes it into one folder, and writes its weights into another,
 * for the peer. Prints a JSON line with what an order needs to know of it. Arguments: the model's configuration in JSON,
 * text file, model folder, weights folder, steps.
 */
const [given = '{}', textFile = '', modelFolder = '', weightsFolder = '', steps = '1'] = process.argv.slice(2);
const model = modelConfig.parse(JSON.parse(given));
const training = completeTrainingConfig(model.kind, {
  maxSteps: Number(steps),
  warmupSteps: 0,
  evalInterval: Number(steps),
  evalBatches: 1,
  sampleInterval: 0,
});
// Enough of it for every character, and not so much that its evaluation takes long.
const text = readFileSync(textFile, 'utf8').slice(0, 200_000);
const trained = await train({ text, model, training });
for (const folder of [modelFolder, weightsFolder]) mkdirSync(folder, { recursive: true });
await exportModel(trained, modelFolder, {
  modelId: 'model_benchmark',
  name: 'benchmark',
  job: 'job_benchmark',
  dataset: { id: 'dataset_benchmark', name: 'benchmark', sha256: '0'.repeat(64) },
});
writeWeights(weightsFolder, trained.weights);
const promptText = text.slice(0, 64);
const { vocabularySize } = trained.tokenizer;
console.log(JSON.stringify({ vocabularySize, promptText, prompt: [...trained.tokenizer.encode(promptText)] }));
