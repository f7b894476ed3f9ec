import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { ArtifactDamagedError, ArtifactNotFoundError, readPlainFile } from '@glyphmill/storage';
import { z } from 'zod';
import { modelConfig, parameterCount, trainingConfig } from '../config/index.js';
import { trainingState } from '../training/training-state.js';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.js';
import type { Weights } from '../weights/weights.js';
import type { Checkpoint } from './checkpoint.js';
import { CheckpointInvalidError } from './errors.js';
import { fingerprint } from './fingerprint.js';

const FORMAT_VERSION = 2;
const ABOUT = 'checkpoint.json';
const STATE = 'state.safetensors';
const BEST = 'best.safetensors';

/** More than checkpoint.json takes, which holds the curve so far and the vocabulary. */
const ABOUT_BYTES = 2 ** 28;

/** More than the names and shapes of a file's arrays take. */
const HEADER_BYTES = 2 ** 24;

/** The names of AdamW's moments in state.safetensors, where the weights have their own. */
const FIRST_MOMENT = 'first/';
const SECOND_MOMENT = 'second/';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);

/** checkpoint.json: all but the arrays, the hashes of the files that hold these, and that of all this. Written last. */
const aboutCheckpoint = trainingState.extend({
  formatVersion: z.literal(FORMAT_VERSION),
  model: modelConfig,
  training: trainingConfig,
  vocabulary: z.array(z.string()),
  textSha256: sha256,
  fingerprint,
  files: z.record(z.string(), sha256),
  sha256,
});

/**
 * Writes a checkpoint into an empty folder: `state.safetensors` (weights, and AdamW's moments as `first/…` and
 * `second/…`), `best.safetensors` where there is a best, and `checkpoint.json`. The folder is whole once this resolves;
 * to make it visible at once is the caller's. Throws the file system's error.
 */
export async function writeCheckpoint(checkpoint: Checkpoint, folder: string): Promise<void> {
  const { learner, bestWeights, ...about } = checkpoint;
  const { weights, firstMoments, secondMoments } = learner;
  const state = new Map([
    ...weights,
    ...prefixed(FIRST_MOMENT, firstMoments),
    ...prefixed(SECOND_MOMENT, secondMoments),
  ]);
  const arrays = new Map([[STATE, writeSafetensors(state)]]);
  if (bestWeights !== undefined) arrays.set(BEST, writeSafetensors(bestWeights));
  const files: Record<string, string> = {};
  for (const [file, bytes] of arrays) {
    await writeWhole(path.join(folder, file), bytes);
    files[file] = hashOf(bytes);
  }
  const all = { formatVersion: FORMAT_VERSION, ...about, files };
  const json = JSON.stringify({ ...all, sha256: hashOf(JSON.stringify(all)) });
  await writeWhole(path.join(folder, ABOUT), Buffer.from(json));
}

/**
 * Writes a new file in as few turns of the event loop as there can be: a training run yields one only now and then, and
 * `writeFile` takes one for each half megabyte.
 */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, written);
      written += bytesWritten;
    }
  } finally {
    await handle.close();
  }
}

/** Reads what {@link writeCheckpoint} wrote. Throws {@link CheckpointInvalidError} on anything else. */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const { files, formatVersion: _, sha256: __, ...about } = parseAbout(await readFileOf(folder, ABOUT, ABOUT_BYTES));
  const modelBytes = Float32Array.BYTES_PER_ELEMENT * parameterCount(about.model, about.vocabulary.length);
  const state = await readArrays(folder, STATE, files, 3 * modelBytes);
  const weights = unprefixed('', state);
  const firstMoments = unprefixed(FIRST_MOMENT, state);
  const secondMoments = unprefixed(SECOND_MOMENT, state);
  for (const moments of [firstMoments, secondMoments]) {
    if ([...weights.keys()].some((name) => !moments.has(name)) || moments.size !== weights.size) {
      throw new CheckpointInvalidError(`${STATE} does not hold two moments for each weight`);
    }
  }
  const bestWeights = about.best === null ? undefined : await readArrays(folder, BEST, files, modelBytes);
  return { ...about, learner: { weights, firstMoments, secondMoments }, bestWeights };
}

function parseAbout(bytes: Buffer): z.output<typeof aboutCheckpoint> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new CheckpointInvalidError(`${ABOUT} is not JSON`, { cause });
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(json).data?.formatVersion;
  if (version !== undefined && version !== FORMAT_VERSION) {
    throw new CheckpointInvalidError(
      `its format is version ${version}; this version of Glyphmill reads ${FORMAT_VERSION}`,
    );
  }
  const parsed = aboutCheckpoint.safeParse(json);
  if (!parsed.success) {
    throw new CheckpointInvalidError(`${ABOUT} is not as it should be: ${z.prettifyError(parsed.error)}`);
  }
  const { sha256: itsHash, ...all } = z.looseObject({ sha256 }).parse(json);
  if (hashOf(JSON.stringify(all)) !== itsHash) {
    throw new CheckpointInvalidError(`${ABOUT} is damaged: its sha256 is not the one in it`);
  }
  return parsed.data;
}

function hashOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

async function readArrays(
  folder: string,
  file: string,
  hashes: Readonly<Record<string, string>>,
  arrayBytes: number,
): Promise<Weights> {
  const bytes = await readFileOf(folder, file, arrayBytes + HEADER_BYTES);
  if (hashOf(bytes) !== hashes[file]) {
    throw new CheckpointInvalidError(`${file} is damaged: its sha256 is not the one in ${ABOUT}`);
  }
  return readSafetensors(bytes);
}

/** Storage that does not answer says nothing of the checkpoint, whose training must not start from its beginning then. */
async function readFileOf(folder: string, file: string, maxBytes: number): Promise<Buffer> {
  try {
    return await readPlainFile(folder, file, { maxBytes });
  } catch (cause) {
    if (!(cause instanceof ArtifactDamagedError || cause instanceof ArtifactNotFoundError)) throw cause;
    throw new CheckpointInvalidError(`${file} cannot be read (${cause.message})`, { cause });
  }
}

function prefixed(prefix: string, weights: Weights): Weights {
  return new Map([...weights].map(([name, array]) => [prefix + name, array]));
}

/** The arrays of a prefix, without it; those of '' have neither of the moments' prefixes. */
function unprefixed(prefix: string, weights: Weights): Weights {
  const mine = [...weights].filter(([name]) =>
    prefix === '' ? !name.startsWith(FIRST_MOMENT) && !name.startsWith(SECOND_MOMENT) : name.startsWith(prefix),
  );
  return new Map(mine.map(([name, array]) => [name.slice(prefix.length), array]));
}
