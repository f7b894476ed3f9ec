import { MANIFEST_FORMAT_VERSION, parameterCount, type ModelManifest } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { ONNX_RUNTIME_VERSION } from '../onnx/language-model-session.js';
import type { TrainedModel } from '../training/trained-model.js';
import { writeSafetensors } from '../weights/safetensors.js';
import { checkDecodingParity } from './decoding-parity.js';
import { FolderFiles } from './folder-files.js';
import { huggingFaceFiles } from './hugging-face-files.js';
import type { ModelAbout } from './model-about.js';
import { modelCard } from './model-card.js';
import { checkParity } from './parity.js';

/**
 * Writes the model folder, manifest.json last, into a folder that is empty. Before that the exported graphs must
 * give the trained model's logits. Throws `ParityError`, or the file system's error.
 */
export async function exportModel(trained: TrainedModel, folder: string, about: ModelAbout): Promise<ModelManifest> {
  const definition = definitionOf(trained.model);
  const onnx = definition.onnx(trained.weights);
  const decodingOnnx = definition.decodingOnnx(trained.weights);
  await checkParity(trained, onnx);
  if (decodingOnnx !== undefined) await checkDecodingParity(trained, { onnx, decodingOnnx });
  const files = new FolderFiles(folder);
  for (const [file, json] of Object.entries(huggingFaceFiles(trained))) await files.writeJson(file, json);
  await files.write('model.safetensors', writeSafetensors(definition.publishedWeights(trained.weights)));
  await files.write('onnx/model.onnx', onnx);
  if (decodingOnnx !== undefined) await files.write('onnx/decoding.onnx', decodingOnnx);
  await files.write('metrics.jsonl', trained.metrics.map((metric) => `${JSON.stringify(metric)}\n`).join(''));
  await files.write('README.md', modelCard(trained, about));
  const manifest = manifestOf(trained, about, [...files.written]);
  await files.writeJson('manifest.json', manifest);
  return manifest;
}

function manifestOf(trained: TrainedModel, about: ModelAbout, files: ModelManifest['files']): ModelManifest {
  const { model, training, tokenizer, trainLoss, validationLoss, computedBy } = trained;
  return {
    formatVersion: MANIFEST_FORMAT_VERSION,
    id: about.modelId,
    name: about.name,
    kind: model.kind,
    createdAt: about.createdAt ?? new Date().toISOString(),
    job: about.job,
    dataset: about.dataset,
    model,
    training,
    seed: training.seed,
    vocabularySize: tokenizer.vocabularySize,
    parameters: parameterCount(model, tokenizer.vocabularySize),
    trainLoss,
    validationLoss,
    published: trained.published,
    device: computedBy.device,
    deviceName: computedBy.deviceName,
    threads: about.threads ?? null,
    versions: {
      node: process.versions.node,
      tfjs: computedBy.tfjs,
      tensorflow: computedBy.tensorflow,
      onnxruntime: ONNX_RUNTIME_VERSION,
    },
    files,
  };
}
