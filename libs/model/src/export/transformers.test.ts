import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  pipeline,
  Tensor,
  type DynamicCache,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type TextGenerationPipeline,
} from '@huggingface/transformers';
import { loadTensorFlow, type TensorFlow } from '@glyphmill/tensorflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { completeTrainingConfig, modelConfig, samplingConfig } from '../config/index.js';
import { GenerationModel } from '../generation/generation-model.js';
import { definitionOf } from '../kinds/definition-of.js';
import { Learner } from '../learner/learner.js';
import { train } from '../training/train.js';
import type { TrainedModel } from '../training/trained-model.js';
import { exportModel } from './export-model.js';

const BLOCK = 24;
const TEXT = 'The cat sat\r\n\ton the “mat”,\u00a0and  the 👩‍👩‍👧 ate e\u0301clairs.\n\n'.repeat(20);

let parent: string;
let folder: string;
let tensorflow: TensorFlow;
let trained: TrainedModel;
let model: PreTrainedModel;
let tokenizer: PreTrainedTokenizer;
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'glyphmill-transformers-'));
  folder = path.join(parent, 'model_1');
  await mkdir(folder);
  tensorflow = await loadTensorFlow();
  env.allowRemoteModels = false;
  env.localModelPath = path.dirname(folder);
  const config = modelConfig.parse({ kind: 'gpt', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: BLOCK });
  const brief = { maxSteps: 150, batchSize: 8, evalBatches: 1, learningRate: 0.01, warmupSteps: 10, sampleInterval: 0 };
  trained = await train({ text: TEXT, model: config, training: completeTrainingConfig('gpt', brief) });
  await exportModel(trained, folder, {
    modelId: 'model_1',
    name: 'A cat',
    job: 'job_1',
    dataset: { id: 'dataset_1', name: 'A cat', sha256: 'ab'.repeat(32) },
  });
  model = await AutoModelForCausalLM.from_pretrained(path.basename(folder), { dtype: 'fp32' });
  tokenizer = await AutoTokenizer.from_pretrained(path.basename(folder));
});
afterAll(async () => {
  await model.dispose();
  await rm(parent, { recursive: true });
});

test('transformers.js makes of text the same tokens, and of tokens the same text', () => {
  expect(tokenizer.encode(TEXT)).toEqual(Array.from(trained.tokenizer.encode(TEXT)));
  expect(tokenizer.decode(tokenizer.encode(TEXT))).toBe(TEXT);
});

test("transformers.js computes TensorFlow's logits", async () => {
  const prompt = TEXT.slice(0, BLOCK);
  const { logits } = (await model(tokenizer(prompt))) as { logits: Tensor };
  const trainable = definitionOf(trained.model).trainable(trained.tokenizer.vocabularySize);
  const learner = new Learner(tensorflow, trainable, trained.weights, trained.training);
  const expected = learner.logits(trained.tokenizer.encode(prompt), 1, BLOCK);
  learner.dispose();
  expect(logits.dims).toEqual([1, BLOCK, trained.tokenizer.vocabularySize]);
  expect(Array.from(logits.data)).toEqual(Array.from(expected, (logit) => expect.closeTo(logit, 4)));
});

/** What our own generation writes greedily, as long as the block holds prompt and text. */
async function greedyTexts(prompts: readonly string[], maxNewTokens: number): Promise<string[]> {
  const own = await GenerationModel.open(folder, { device: 'cpu', threads: 1 });
  const texts: string[] = [];
  await own.generate({
    prompts: prompts.map((text, promptIndex) => ({ promptIndex, text })),
    sampling: samplingConfig.parse({ temperature: 0, maxNewTokens }),
    onSequence: (line) => void texts.push('text' in line ? line.text : line.error.message),
  });
  await own.close();
  return texts;
}

test('transformers.js writes greedily, from its cache, what our own generation writes', async () => {
  const prompt = TEXT.slice(0, 5);
  const inputs = tokenizer(prompt) as { input_ids: Tensor; attention_mask: Tensor };
  const generated = await model.generate({
    ...inputs,
    do_sample: false,
    max_new_tokens: BLOCK - 5,
    return_dict_in_generate: true,
  });
  const { sequences, past_key_values } = generated as { sequences: Tensor; past_key_values: DynamicCache };
  const [text] = await greedyTexts([prompt], BLOCK - 5);
  expect(tokenizer.batch_decode(sequences, {})).toEqual([prompt + text!]);
  expect(past_key_values.get_seq_length()).toBe(BLOCK - 1); // all but the last, which nothing follows
});

test('prompts of unequal length, padded on the left, are each written on as if alone', async () => {
  const prompts = [TEXT.slice(0, 9), TEXT.slice(2, 8), TEXT.slice(4, 5)];
  const padded = prompts.map((prompt) => {
    const ids = Array.from(trained.tokenizer.encode(prompt), BigInt);
    const padding = Array.from({ length: 9 - ids.length }, () => 0n);
    return { ids: [...padding, ...ids], mask: [...padding, ...ids.map(() => 1n)] };
  });
  const int64 = (rows: bigint[][]) => new Tensor('int64', rows.flat(), [rows.length, 9]);
  const sequences = await model.generate({
    input_ids: int64(padded.map(({ ids }) => ids)),
    attention_mask: int64(padded.map(({ mask }) => mask)),
    do_sample: false,
    max_new_tokens: BLOCK - 9,
  });
  const written = (sequences as Tensor).tolist().map((row: bigint[]) => tokenizer.decode(row.slice(9)));
  expect(written).toEqual(await greedyTexts(prompts, BLOCK - 9));
});

test('unasked, the model writes half a block', async () => {
  const sequences = (await model.generate({ ...tokenizer('the ') })) as Tensor;
  expect(sequences.dims).toEqual([1, 4 + BLOCK / 2]);
});

const written = z.array(z.object({ generated_text: z.string() }));

describe('a pipeline that opens the folder by its name', () => {
  let generate: TextGenerationPipeline;
  beforeAll(async () => {
    generate = await pipeline('text-generation', path.basename(folder));
  });
  afterAll(() => generate.dispose());

  test('a pipeline that opens the folder by its name writes what our own generation writes', async () => {
    const options = { do_sample: false, max_new_tokens: BLOCK - 4, return_full_text: false };
    expect(await generate('the ', options)).toEqual([{ generated_text: (await greedyTexts(['the '], BLOCK - 4))[0] }]);
  });

  test('called with nothing but a prompt, writes the 256 characters that the library asks for, past the block', async () => {
    const [one] = written.parse(await generate('the '));
    expect(one!.generated_text.startsWith('the ')).toBe(true);
    expect(Array.from(one!.generated_text)).toHaveLength(4 + 256);
  });

  test('called with nothing but a prompt longer than the block, writes on from it', async () => {
    const prompt = TEXT.slice(0, 3 * BLOCK);
    const [one] = written.parse(await generate(prompt));
    expect(one!.generated_text.startsWith(prompt)).toBe(true);
  });

  test('a pipeline that opens the folder by its name takes several prompts of unequal length, and writes each as if alone, without the padding', async () => {
    const prompts = [TEXT.slice(0, 9), TEXT.slice(2, 8), TEXT.slice(4, 5)];
    const lines = await generate(prompts, { do_sample: false, max_new_tokens: BLOCK - 9 });
    const texts = await greedyTexts(prompts, BLOCK - 9);
    expect(lines).toEqual(prompts.map((prompt, index) => [{ generated_text: prompt + texts[index]! }]));
    expect(await generate(prompts)).toHaveLength(3);
  });
});

test('padding is no character: it changes neither what text becomes nor what is decoded', () => {
  expect(tokenizer.pad_token_id).toBe(trained.tokenizer.vocabularySize);
  expect(tokenizer.decode(tokenizer.encode(TEXT), { skip_special_tokens: true })).toBe(TEXT);
  expect(Array.from(trained.tokenizer.encode(TEXT))).not.toContain(tokenizer.pad_token_id);
});

test('the JavaScript of the model card runs as it is printed', async () => {
  const card = await readFile(path.join(folder, 'README.md'), 'utf8');
  const [, printed] = /```js\n(.*?)```/su.exec(card)!;
  const local = printed!.replace("'./'", JSON.stringify(path.dirname(folder)));
  const repository = fileURLToPath(new URL('../../../..', import.meta.url));
  const args = ['--input-type=module', '--eval', local];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository });
  expect(stdout).toMatch(/^The /u);
});
