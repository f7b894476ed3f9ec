import { completeTrainingConfig, type ModelConfig, type ModelManifest } from '../config/index.js';

/** The manifest of a model of which only the kind, the vocabulary and the files matter. */
export function manifestOf(model: ModelConfig, vocabularySize: number, files: ModelManifest['files']): ModelManifest {
  return {
    formatVersion: 1,
    id: 'model_1',
    name: 'letters',
    kind: model.kind,
    createdAt: '2026-11-23T00:00:00.000Z',
    job: 'job_1',
    dataset: { id: 'dataset_1', name: 'letters', sha256: '0'.repeat(64) },
    model,
    training: completeTrainingConfig(model.kind, {}),
    seed: 1337,
    vocabularySize,
    parameters: vocabularySize ** 2,
    trainLoss: 1,
    validationLoss: 1,
    device: 'cpu',
    deviceName: 'none',
    threads: 1,
    versions: { node: '24', tfjs: '4', tensorflow: '2', onnxruntime: '1' },
    files: [...files],
  };
}
