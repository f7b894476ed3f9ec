import { loadTensorFlow } from '@glyphmill/tensorflow';
import { definitionOf } from '../kinds/definition-of.js';
import { LogitsProgram } from '../learner/logits-program.js';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import type { TrainedModel } from '../training/trained-model.js';

/**
 * The largest difference of a logit, as a share of the largest logit (of 1, where all are smaller): float32 rounds by
 * shares. Trained attention without layer norm came to a fifth of it, at logits up to 14.
 */
const TOLERANCE = 1e-5;

/** How many logits of each side are compared at most, beside those of one row: some seconds on one core. */
const MAX_LOGITS = 2 ** 28;

/** An arena would keep, for the whole check, more than the largest run takes. */
export const CHECK_SESSION = { device: 'cpu', threads: 1, keepsMemory: false } as const;

/** `parity`: the exported graph computes something else than the trained model, so it must not be published. */
export class ParityError extends Error {
  override readonly name = 'ParityError';
  readonly code = 'parity';

  constructor(
    readonly difference: number,
    allowed: number,
  ) {
    super(
      `The logits of an exported graph and of the trained model differ by ${difference}; at most ${allowed} is allowed. ` +
        'The model was not published. This is a fault of the exporter: please report it with the model and training configuration.',
    );
  }
}

/**
 * Compares the logits of the exported graph with TensorFlow's, which are computed anew from the weights, row by row of
 * probe inputs; if the graph takes a past, also with the row cut in the middle. Throws {@link ParityError} if they differ.
 */
export async function checkParity(trained: TrainedModel, onnx: Uint8Array): Promise<void> {
  const { model, tokenizer, weights } = trained;
  const trainable = definitionOf(model).trainable(tokenizer.vocabularySize);
  const program = new LogitsProgram(await loadTensorFlow(), trainable, weights);
  try {
    const session = await LanguageModelSession.open(onnx, CHECK_SESSION);
    try {
      for (const ids of probeRows(model.blockSize, tokenizer.vocabularySize)) await checkRow(program, session, ids);
    } finally {
      await session.close();
    }
  } finally {
    program.dispose();
  }
}

async function checkRow(program: LogitsProgram, session: LanguageModelSession, ids: Int32Array): Promise<void> {
  const { length } = ids;
  const expected = program.logits(ids); // [T, V]
  requireEqual(expected, await session.logits(ids, 1, length));
  if (!session.takesPast || length === 1) return;
  const split = Math.floor(length / 2);
  const first = await session.advance({ ids: ids.subarray(0, split), rows: 1, columns: split });
  requireEqual(expected.subarray(0, first.logits.length), first.logits);
  const rest = { ids: ids.subarray(split), rows: 1, columns: length - split, past: first.past };
  requireEqual(expected.subarray(first.logits.length), (await session.advance(rest)).logits);
}

/**
 * Rows of the block's size, and a single token, for the shapes must be free. Together the rows hold every token of the
 * vocabulary; of a large vocabulary, whose V² logits would take minutes, as many tokens as give {@link MAX_LOGITS},
 * from its start to its end.
 */
export function* probeRows(blockSize: number, vocabularySize: number): Generator<Int32Array> {
  const rows = Math.ceil(vocabularySize / blockSize);
  const checked = Math.max(1, Math.min(rows, Math.floor(MAX_LOGITS / (blockSize * vocabularySize))));
  for (let row = 0; row < checked; row += 1) {
    const start = (checked === 1 ? 0 : Math.round((row * (rows - 1)) / (checked - 1))) * blockSize;
    yield Int32Array.from({ length: blockSize }, (_, at) => (start + at) % vocabularySize);
  }
  yield Int32Array.of(0);
}

/** Throws {@link ParityError} if a logit differs by more than this share of the largest (of 1, if all are smaller). */
export function requireEqual(expected: Float32Array, actual: Float32Array, tolerance = TOLERANCE): void {
  const allowed = tolerance * expected.reduce((largest, logit) => Math.max(largest, Math.abs(logit)), 1);
  const difference = largestDifference(expected, actual);
  if (!(difference <= allowed)) throw new ParityError(difference, allowed);
}

/** Infinity if the lengths differ; NaN if a difference is. */
function largestDifference(expected: Float32Array, actual: Float32Array): number {
  if (expected.length !== actual.length) return Infinity;
  let largest = 0;
  for (let at = 0; at < expected.length; at += 1) largest = Math.max(largest, Math.abs(expected[at]! - actual[at]!));
  return largest;
}
