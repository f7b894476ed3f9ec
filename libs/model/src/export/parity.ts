import { loadTensorFlow } from '@glyphmill/tensorflow';
import { definitionOf } from '../kinds/definition-of.js';
import { Learner } from '../learner/learner.js';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import type { TrainedModel } from '../training/trained-model.js';
import { logitsInTwoParts, type TokenRows } from './logits-in-two-parts.js';

/**
 * The largest difference of a logit, as a share of the largest logit (of 1, where all are smaller): float32 rounds by
 * shares. Trained attention without layer norm came to a fifth of it, at logits up to 14.
 */
const TOLERANCE = 1e-5;

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
 * Compares the logits of the exported graph with TensorFlow's, which are computed anew from the weights, on two shapes
 * of probe inputs that hold every token; where the graph takes a past, also with the rows cut in the middle. Throws
 * {@link ParityError} where they differ.
 */
export async function checkParity(trained: TrainedModel, onnx: Uint8Array): Promise<void> {
  const { model, tokenizer, weights, training } = trained;
  const trainable = definitionOf(model).trainable(tokenizer.vocabularySize);
  const learner = new Learner(await loadTensorFlow(), trainable, weights, training);
  try {
    const session = await LanguageModelSession.open(onnx, { device: 'cpu', threads: 1 });
    try {
      for (const probe of probes(trained)) {
        const expected = learner.logits(probe.ids, probe.rows, probe.columns);
        requireEqual(expected, await session.logits(probe.ids, probe.rows, probe.columns));
        if (session.takesPast && probe.columns > 1) {
          requireEqual(expected, await logitsInTwoParts(session, probe, Math.floor(probe.columns / 2)));
        }
      }
    } finally {
      await session.close();
    }
  } finally {
    learner.dispose();
  }
}

/** Every token of the vocabulary, in rows of the block's size; and a single token, for the shapes must be free. */
function probes({ tokenizer, model }: TrainedModel): TokenRows[] {
  const columns = model.blockSize;
  const rows = Math.ceil(tokenizer.vocabularySize / columns);
  const ids = Int32Array.from({ length: rows * columns }, (_, at) => at % tokenizer.vocabularySize);
  return [
    { ids, rows, columns },
    { ids: Int32Array.of(0), rows: 1, columns: 1 },
  ];
}

/** Throws {@link ParityError} where a logit differs by more than this share of the largest (of 1, where all are smaller). */
export function requireEqual(expected: Float32Array, actual: Float32Array, tolerance = TOLERANCE): void {
  const allowed = tolerance * expected.reduce((largest, logit) => Math.max(largest, Math.abs(logit)), 1);
  const difference = largestDifference(expected, actual);
  if (!(difference <= allowed)) throw new ParityError(difference, allowed);
}

/** Infinity where the lengths differ; NaN where a difference is. */
function largestDifference(expected: Float32Array, actual: Float32Array): number {
  if (expected.length !== actual.length) return Infinity;
  let largest = 0;
  for (let at = 0; at < expected.length; at += 1) largest = Math.max(largest, Math.abs(expected[at]! - actual[at]!));
  return largest;
}
