import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  completeTrainingConfig,
  generatedLine,
  type GeneratedLine,
  modelConfig,
  samplingConfig,
} from '@glyphmill/model/config';
import { GenerationModel } from '@glyphmill/model/generation';
import { exportModel, train } from '@glyphmill/model/training';
import { findHuggingFace, HUGGING_FACE_COMMAND, type TransformersVersion } from '@glyphmill/runtimes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const BLOCK = 24;
const TEXT = 'The cat sat\r\n\ton the “mat”,\u00a0and  the 👩‍👩‍👧 ate e\u0301clairs.\n\n'.repeat(20);
const LINE = TEXT.slice(0, TEXT.length / 20);

const report = z.object({
  version: z.string(),
  inputs: z.array(z.string()),
  prompts: z.array(z.string()),
  logprobs: z.array(z.array(z.number())),
  difference: z.number(),
  ids: z.array(z.int()),
  roundTrips: z.boolean(),
  unasked: z.array(z.int()),
  plain: z.string(),
  several: z.array(z.string()),
  shorter: z.string(),
  alone: z.array(z.string()),
  printed: z.string(),
  batch: z.array(z.string()),
  card: z.record(z.string(), z.unknown()),
  evaluations: z.array(z.tuple([z.string(), z.string(), z.number()])),
  optimum: z
    .object({ difference: z.number(), plain: z.string(), batch: z.array(z.string()), batches: z.array(z.string()) })
    .optional(),
  told: z.string(),
});

let parent: string;
let folder: string;
let trained: Awaited<ReturnType<typeof train>>;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'glyphmill-hugging-face-'));
  folder = join(parent, 'model_1');
  await mkdir(folder);
  const model = modelConfig.parse({ kind: 'gpt', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: BLOCK });
  const brief = { maxSteps: 150, batchSize: 8, evalBatches: 1, learningRate: 0.01, sampleInterval: 0 };
  trained = await train({ text: TEXT, model, training: completeTrainingConfig('gpt', brief) });
  const dataset = { id: 'dataset_1', name: 'A "cat": \u2028 #1', sha256: 'ab'.repeat(32) };
  await exportModel(trained, folder, { modelId: 'model_1', name: 'A cat: {small}', job: 'job_1', dataset });
});
afterAll(() => rm(parent, { recursive: true }));

/** What our own generation writes greedily after prompts, and the probabilities that it reports. */
async function ownLines(prompts: string[]): Promise<GeneratedLine[]> {
  const own = await GenerationModel.open(folder, { device: 'cpu', threads: 1 });
  const lines: GeneratedLine[] = [];
  await own.generate({
    prompts: prompts.map((text, promptIndex) => ({ promptIndex, text })),
    sampling: samplingConfig.parse({ temperature: 0, maxNewTokens: 8, logprobs: 1 }),
    onSequence: (line) => void lines.push(generatedLine.parse(line)),
  });
  await own.close();
  return lines.sort((one, other) => one.promptIndex - other.promptIndex);
}

describe.each(['transformers-4', 'transformers-5'] satisfies TransformersVersion[])('in %s', (version) => {
  const found = findHuggingFace(version);

  test('a gpt opens as it is: logits, plain calls, several prompts, the card and what it prints', async ({ skip }) => {
    if (!found) return skip(`PyTorch and Transformers are not set up for this Python: run \`${HUGGING_FACE_COMMAND}\``);
    const program = fileURLToPath(new URL('hugging_face.py', import.meta.url));
    const env = { ...process.env, ...found.environment };
    const { stdout } = await promisify(execFile)(found.python, [program, folder, LINE], { env });
    const seen = report.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1)!));
    expect(seen.version.startsWith(version.slice(-1))).toBe(true);

    expect(seen.inputs).toEqual(['attention_mask', 'input_ids']);
    expect(seen.difference).toBe(0);
    const own = await ownLines(seen.prompts);
    expect(seen.alone).toEqual(own.map(({ prompt, text }) => prompt + text));
    for (const [index, { logprobs }] of own.entries()) {
      expect(seen.logprobs[index]).toEqual(logprobs!.tokenLogprobs.map((one) => expect.closeTo(one, 4)));
    }
    expect(seen.ids).toEqual(Array.from(trained.tokenizer.encode(LINE)));
    expect(seen.roundTrips).toBe(true);

    expect(seen.unasked).toEqual([1, 8 + BLOCK / 2]);
    expect(Array.from(seen.plain)).toHaveLength(4 + BLOCK / 2);
    expect(seen.several.map((text) => Array.from(text).length)).toEqual([4, 9, 1].map((prompt) => prompt + BLOCK / 2));
    expect(Array.from(seen.shorter)).toHaveLength(4 + 3);
    expect(seen.told).not.toMatch(/max_length|max_new_tokens|pad_token|token_type_ids/u);
    expect(seen.printed).toMatch(/^The /u);
    expect(seen.batch).toEqual(seen.alone);

    const { trainLoss, validationLoss, bitsPerByte } = trained;
    expect(seen.card).toMatchObject({
      library_name: 'transformers',
      pipeline_tag: 'text-generation',
      license: 'unknown',
      language: 'und',
      datasets: ['dataset_1'],
    });
    expect(seen.evaluations).toEqual([
      ['loss', 'train', trainLoss],
      ['loss', 'validation', validationLoss],
      ['bits_per_byte', 'validation', bitsPerByte],
    ]);

    if (version === 'transformers-5') return; // Optimum is for the other
    expect(seen.optimum!.difference).toBeLessThan(1e-4);
    expect(Array.from(seen.optimum!.plain)).toHaveLength(4 + BLOCK / 2);
    expect(seen.optimum!.batch).toEqual(seen.alone);
    expect(seen.optimum!.batches).toEqual(seen.alone);
  });
});
