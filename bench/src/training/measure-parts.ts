import { readFileSync } from 'node:fs';
import { BatchSampler, CharacterTokenizer, splitTokens } from '@glyphmill/data';
import { loadTensorFlow } from '@glyphmill/tensorflow';
import { median } from '../figure.js';
import { readShapes } from '../weights-folder.js';
import { gptProducts } from './gpt-products.js';
import { partsOrder, type PartTimes } from './part-times.js';
import { recordOptimizer } from './recorded-optimizer.js';
import { recordProducts } from './recorded-products.js';
import { NANO_GPT } from './training-setup.js';

/**
 * One process of the benchmark: runs parts of a step alone, each as a recorded program, and prints their median times in
 * a JSON line. Argument: an order in JSON.
 */
const { textFile, startFolder, runs, warmUpRuns } = partsOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const { model, training } = NANO_GPT;
const { batchSize, seed, validationFraction } = training;

const text = readFileSync(textFile, 'utf8');
const tokenizer = CharacterTokenizer.fromText(text);
const { train } = splitTokens(tokenizer.encode(text), validationFraction);
const sampler = new BatchSampler(train, { batchSize, blockSize: model.blockSize, seed });

const tensorflow = await loadTensorFlow();
const products = recordProducts(tensorflow, gptProducts(model, batchSize, tokenizer.vocabularySize));
const optimizer = recordOptimizer(
  tensorflow,
  readShapes(startFolder).map(({ shape }) => shape),
  training,
);
const times: PartTimes = {
  batchMs: medianMs(() => void sampler.next()),
  productsMs: medianMs(products),
  optimizerMs: medianMs(optimizer),
};
console.log(JSON.stringify(times));

function medianMs(part: () => void): number {
  const taken = Array.from({ length: warmUpRuns + runs }, () => {
    const start = performance.now();
    part();
    return performance.now() - start;
  });
  return median(taken.slice(warmUpRuns));
}
