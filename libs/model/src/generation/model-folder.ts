import { createHash } from 'node:crypto';
import { CharacterTokenizer } from '@glyphmill/data';
import { ArtifactDamagedError, ArtifactNotFoundError, parseDocument, readPlainFile } from '@glyphmill/storage';
import { z } from 'zod';
import { MANIFEST_FORMAT_VERSION, modelManifest, type ModelManifest } from '../config/index.js';
import { readSafetensors } from '../weights/safetensors.js';
import type { Weights } from '../weights/weights.js';
import { ModelFolderError } from './model-folder-error.js';
import { checkGraph, checkVocabulary } from './model-sizes.js';

/** More than a manifest takes. */
const MANIFEST_BYTES = 2 ** 20;

const DECODING_FILE = 'onnx/decoding.onnx';

/** What generation reads of a model folder. */
export interface ModelFolder {
  manifest: ModelManifest;
  tokenizer: CharacterTokenizer;
  /** The bytes of model.onnx. */
  onnx: Uint8Array;
  /** Those of decoding.onnx; undefined for kinds without attention, and for folders of earlier versions. */
  decodingOnnx: Uint8Array | undefined;
}

/** Reads a folder and checks the bytes against the manifest. Throws {@link ModelFolderError}. */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const manifest = parseManifest(await readFileOf(folder, 'manifest.json', MANIFEST_BYTES));
  const tokenizer = await readTokenizer(folder, manifest);
  checkVocabulary(manifest, tokenizer.vocabularySize);
  const onnx = await readListed(folder, 'onnx/model.onnx', manifest);
  checkGraph(manifest, onnx);
  const hasDecoding = manifest.files.some((entry) => entry.path === DECODING_FILE);
  const decodingOnnx = hasDecoding ? await readListed(folder, DECODING_FILE, manifest) : undefined;
  return { manifest, tokenizer, onnx, decodingOnnx };
}

/** What a new model takes of a published one. */
export interface ModelWeights {
  manifest: ModelManifest;
  /** The tokens, by id. */
  vocabulary: readonly string[];
  /** Under their published names. */
  weights: Weights;
}

/** Reads a folder's weights and checks the bytes against the manifest. Throws {@link ModelFolderError}. */
export async function readModelWeights(folder: string): Promise<ModelWeights> {
  const manifest = parseManifest(await readFileOf(folder, 'manifest.json', MANIFEST_BYTES));
  const { vocabulary } = await readTokenizer(folder, manifest);
  checkVocabulary(manifest, vocabulary.length);
  return { manifest, vocabulary, weights: readSafetensors(await readListed(folder, 'model.safetensors', manifest)) };
}

async function readTokenizer(folder: string, manifest: ModelManifest): Promise<CharacterTokenizer> {
  const bytes = await readListed(folder, 'tokenizer.json', manifest);
  try {
    return parseDocument('tokenizer.json', bytes, (json) => CharacterTokenizer.fromHuggingFace(json));
  } catch (cause) {
    throw new ModelFolderError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function parseManifest(bytes: Buffer): ModelManifest {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ModelFolderError('manifest.json is not JSON', { cause });
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(json).data?.formatVersion;
  if (version !== undefined && version !== MANIFEST_FORMAT_VERSION) {
    throw new ModelFolderError(
      `its format is version ${version}; this version of Glyphmill reads ${MANIFEST_FORMAT_VERSION}`,
    );
  }
  const parsed = modelManifest.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ModelFolderError(`manifest.json is not as it should be: ${z.prettifyError(parsed.error)}`);
}

async function readListed(folder: string, file: string, manifest: ModelManifest): Promise<Buffer> {
  const listed = manifest.files.find((entry) => entry.path === file);
  if (listed === undefined) throw new ModelFolderError(`manifest.json does not list ${file}`);
  const bytes = await readFileOf(folder, file, listed.sizeBytes);
  if (createHash('sha256').update(bytes).digest('hex') !== listed.sha256) {
    throw new ModelFolderError(`${file} is damaged: its sha256 is not the one in manifest.json`);
  }
  return bytes;
}

/** What may be different at the next attempt, such as storage that does not answer, says nothing of the model. */
async function readFileOf(folder: string, file: string, maxBytes: number): Promise<Buffer> {
  try {
    return await readPlainFile(folder, file, { maxBytes });
  } catch (cause) {
    if (!(cause instanceof ArtifactDamagedError || cause instanceof ArtifactNotFoundError)) throw cause;
    throw new ModelFolderError(`${file} cannot be read (${cause.message})`, { cause });
  }
}
