import { loadTensorFlow } from '@glyphmill/tensorflow';
import { definitionOf } from '../kinds/definition-of.js';
import { Learner } from '../learner/learner.js';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import type { TrainedModel } from '../training/trained-model.js';

/** Largest absolute difference of a logit. */
const TOLERANCE = 1e-5;

/** `parity`: the exported graph computes something else than the trained model, so it must not be published. */
export class ParityError extends Error {
  override readonly name = 'ParityError';
  readonly code = 'parity';

  constructor(readonly difference: number) {
    super(
      `The logits of ONNX Runtime and TensorFlow differ by ${difference}; at most ${TOLERANCE} is allowed. ` +
        'The model was not published. This is a fault of the exporter: please report it with the model and training configuration.',
    );
  }
}

/**
 * Compares the logits of the exported graph with TensorFlow's, which are computed anew from the weights, on two shapes
 * of probe inputs that hold every token. Throws {@link ParityError} where they differ.
 */
export async function checkParity(trained: TrainedModel, onnx: Uint8Array): Promise<void> {
  const { model, tokenizer, weights, training } = trained;
  const trainable = definitionOf(model).trainable(tokenizer.vocabularySize);
  const learner = new Learner(await loadTensorFlow(), trainable, weights, training);
  try {
    const session = await LanguageModelSession.open(onnx, { device: 'cpu', threads: 1 });
    try {
      for (const { ids, rows, columns } of probes(trained)) {
        const expected = learner.logits(ids, rows, columns);
        const difference = largestDifference(expected, await session.logits(ids, rows, columns));
        if (!(difference <= TOLERANCE)) throw new ParityError(difference);
      }
    } finally {
      await session.close();
    }
  } finally {
    learner.dispose();
  }
}

/** Every token of the vocabulary, in rows of the block's size; and a single token, for the shapes must be free. */
function probes({ tokenizer, model }: TrainedModel): { ids: Int32Array; rows: number; columns: number }[] {
  const columns = model.blockSize;
  const rows = Math.ceil(tokenizer.vocabularySize / columns);
  const ids = Int32Array.from({ length: rows * columns }, (_, at) => at % tokenizer.vocabularySize);
  return [
    { ids, rows, columns },
    { ids: Int32Array.of(0), rows: 1, columns: 1 },
  ];
}

/** Infinity where the lengths differ; NaN where a difference is. */
function largestDifference(expected: Float32Array, actual: Float32Array): number {
  if (expected.length !== actual.length) return Infinity;
  let largest = 0;
  for (let at = 0; at < expected.length; at += 1) largest = Math.max(largest, Math.abs(expected[at]! - actual[at]!));
  return largest;
}
