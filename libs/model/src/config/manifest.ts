import { z } from 'zod';
import { modelConfig } from './model-config.js';
import { partialTrainingConfig } from './training-config.js';

/** The version of the model folder that this code writes; it reads no other. */
export const MANIFEST_FORMAT_VERSION = 1;

/** Tokens are code points, of which Unicode has this many. */
const CODE_POINTS = 0x11_0000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);

/** `manifest.json`: what a model is, where it comes from, and the sizes and hashes of its other files. Written last. */
export const modelManifest = z.object({
  formatVersion: z.literal(MANIFEST_FORMAT_VERSION, {
    error: ({ input }) =>
      `its format is version ${JSON.stringify(input)}; this version of Glyphmill reads ${MANIFEST_FORMAT_VERSION}`,
  }),
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  createdAt: z.iso.datetime(),
  job: z.string(),
  dataset: z.object({ id: z.string(), name: z.string(), sha256 }),
  model: modelConfig,
  training: partialTrainingConfig.describe('As complete as the version that trained it knew it.'),
  seed: z.int(),
  vocabularySize: z.int().min(1).max(CODE_POINTS),
  parameters: z.int().min(1),
  trainLoss: z.number().describe('Nats a token over the whole train split.'),
  validationLoss: z.number().describe('Nats a token over the whole validation split.'),
  published: z
    .object({ which: z.enum(['best', 'last']), step: z.int() })
    .optional()
    .describe('Which weights of the training these are.'),
  device: z.string().describe('What TensorFlow said that it trained on: `cpu` or `cuda:0`.'),
  deviceName: z.string(),
  threads: z.int().min(1).nullable().describe("TensorFlow's threads within an operation; null is all."),
  versions: z.object({ node: z.string(), tfjs: z.string(), tensorflow: z.string(), onnxruntime: z.string() }),
  files: z.array(z.object({ path: z.string(), sizeBytes: z.int().min(0), sha256 })),
});
export type ModelManifest = z.output<typeof modelManifest>;
