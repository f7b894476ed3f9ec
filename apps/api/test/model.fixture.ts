import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { completeTrainingConfig, type ModelManifest } from '@glyphmill/model/config';
import type { Storage } from '@glyphmill/storage';

let published = 0;

/** The files of a model that no library can open, but whose bytes are known. */
export const MODEL_FILES: Readonly<Record<string, string>> = {
  'README.md': '# whale\n',
  'onnx/model.onnx': '0123456789',
};

/** Publishes a model as a worker does, a bigram of Moby Dick unless it is said, and returns its id. */
export async function publishModel(
  storage: Storage,
  about: Partial<ModelManifest> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  published += 1;
  const id = `model_01JGFJJZ00000000000000${String(published).padStart(4, '0')}`;
  const staged = await storage.stage();
  for (const [path, content] of Object.entries({
    ...MODEL_FILES,
    ...files,
    'manifest.json': JSON.stringify({ ...manifest(id), ...about }),
  })) {
    await mkdir(dirname(join(staged.path, path)), { recursive: true });
    await writeFile(join(staged.path, path), content);
  }
  await staged.publish(`models/${id}`);
  return id;
}

function manifest(id: string): ModelManifest {
  const files = Object.entries(MODEL_FILES).map(([path, content]) => ({
    path,
    sizeBytes: Buffer.byteLength(content),
    sha256: createHash('sha256').update(content).digest('hex'),
  }));
  return {
    formatVersion: 1,
    id,
    name: 'whale',
    kind: 'bigram',
    createdAt: '2027-01-01T00:00:00.000Z',
    job: 'job_01JGFJJZ008MD8XTDC4SCJ7WGE',
    dataset: { id: 'moby-dick', name: 'Moby Dick', sha256: '0'.repeat(64) },
    model: { kind: 'bigram', blockSize: 8 },
    training: completeTrainingConfig('bigram', {}),
    seed: 1337,
    vocabularySize: 83,
    parameters: 83 * 83,
    trainLoss: 2.45,
    validationLoss: 2.48,
    device: 'cpu',
    deviceName: 'a processor',
    threads: null,
    versions: { node: '24', tfjs: '4', tensorflow: '2', onnxruntime: '1' },
    files,
  };
}
