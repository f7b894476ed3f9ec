import type { ModelManifest } from '../config/index.js';
import { initializerShapes } from '../onnx/onnx-schema.js';
import { ModelFolderError } from './model-folder-error.js';

/** What a manifest claims of a model's sizes, and what they are claimed of. */
type Claimed = Pick<ModelManifest, 'vocabularySize' | 'model'>;

/**
 * Compares the vocabulary that the manifest claims with the tokenizer's, before anything is allocated or repeated by it.
 * (Its other sizes are within `MODEL_LIMITS`, or the manifest does not parse.) Throws {@link ModelFolderError}.
 */
export function checkVocabulary({ vocabularySize }: Claimed, tokens: number): void {
  if (vocabularySize === tokens) return;
  throw new ModelFolderError(
    `manifest.json says vocabularySize ${vocabularySize}, and tokenizer.json has ${tokens} tokens`,
  );
}

/**
 * Compares the sizes that the manifest claims with those of the embedding tables in model.onnx: a token or a position
 * beyond them would fail each run. Throws {@link ModelFolderError}, also for bytes that are no graph.
 */
export function checkGraph({ vocabularySize, model }: Claimed, onnx: Uint8Array): void {
  for (const [name, shape] of shapesOf(onnx)) {
    if (name === 'token_embedding_table.weight') checkRows(name, shape, { vocabularySize });
    else if (name.endsWith('wte.weight')) checkRows(name, shape, { vocabularySize });
    else if (name.endsWith('wpe.weight')) checkRows(name, shape, { blockSize: model.blockSize });
  }
}

function checkRows(table: string, [rows]: number[], claimed: Record<string, number>): void {
  for (const [field, size] of Object.entries(claimed)) {
    if (rows === size) continue;
    throw new ModelFolderError(`manifest.json says ${field} ${size}, and ${table} in onnx/model.onnx has ${rows} rows`);
  }
}

function shapesOf(onnx: Uint8Array): Map<string, number[]> {
  try {
    return initializerShapes(onnx);
  } catch (cause) {
    throw new ModelFolderError('onnx/model.onnx is no ONNX graph', { cause });
  }
}
