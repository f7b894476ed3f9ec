import { loadTensorFlow, reportTensorFlow } from '@glyphmill/tensorflow';
import type { Checkpoint } from '../checkpoints/checkpoint.js';
import { type Fingerprint, fingerprintDifferences } from '../checkpoints/fingerprint.js';
import { checkResumable } from '../checkpoints/resumable.js';
import type { ModelConfig, TrainingConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { Learner } from '../learner/learner.js';
import { eventLoopYield } from '../yield-to-event-loop.js';
import type { Weights } from '../weights/weights.js';
import { Corpus } from './corpus.js';
import { checkWeights, type InitialModel, seededWeights, weightsFromModel } from './initial-weights.js';
import type { TrainedModel } from './trained-model.js';
import type { TrainingControl } from './training-control.js';
import type { TrainingCallbacks } from './training-reports.js';
import { TrainingRun } from './training-run.js';
import { trainingState } from './training-state.js';
import { writeSample } from './write-sample.js';

export interface TrainingTask extends TrainingCallbacks {
  text: string;
  model: ModelConfig;
  training: TrainingConfig;
  /** Continues from here; the text, the model, the batches and the seed must be those of the checkpoint. */
  resumeFrom?: Checkpoint | undefined;
  /** The name of the finished training run that this one continues: its evaluations do not count against the patience. */
  continues?: string | undefined;
  /** Starts from these weights; left out: from a published model's or the seed's. */
  initialWeights?: Weights | undefined;
  initFrom?: InitialModel | undefined;
  /** Settings of this process that may change bits, such as its threads; kept in the fingerprint of checkpoints. */
  processSettings?: Fingerprint | undefined;
  control?: TrainingControl | undefined;
  /** Ends the training within a step; `train` then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Trains a model on a text.
 *
 *     const trained = await train({ text, model: { kind: 'bigram', blockSize: 8 }, training });
 *     await exportModel(trained, folder, about);
 *
 * The same text, configuration, library and number of threads give the same weights, even if the training continued
 * from one of its checkpoints. Samples are what generation yields for the empty prompt and the training's seed. The event
 * loop has a turn about every 40 ms.
 * Throws `TensorFlowUnavailableError`, a `DatasetError` for a text that cannot train this model, `LossNotFiniteError`,
 * `ResumeMismatchError`, `InitMismatchError`.
 */
export async function train(task: TrainingTask): Promise<TrainedModel> {
  try {
    const trained = await trainToTheEnd(task);
    task.control?.end();
    return trained;
  } catch (error) {
    task.control?.end(error);
    throw error;
  }
}

async function trainToTheEnd(task: TrainingTask): Promise<TrainedModel> {
  const { text, model, training, resumeFrom, control, signal } = task;
  signal?.throwIfAborted();
  const tensorflow = await loadTensorFlow();
  const corpus = new Corpus(text, model, training);
  const { tokenizer, textSha256 } = corpus;
  if (resumeFrom) checkResumable(resumeFrom, { textSha256, model, training });
  const weights = await startingWeights(task, corpus);
  const computedBy = await reportTensorFlow(tensorflow);
  const learner = new Learner(tensorflow, definitionOf(model).trainable(tokenizer.vocabularySize), weights, training);
  try {
    const fingerprint = { ...computedBy, graph: learner.graphHash, ...task.processSettings };
    if (resumeFrom) {
      learner.restore(resumeFrom.learner);
      const differences = fingerprintDifferences(resumeFrom.fingerprint, fingerprint);
      task.onResume?.({ step: resumeFrom.step, differences });
    }
    const yieldToEventLoop = eventLoopYield(signal);
    const capture = (): Checkpoint => {
      const { state, ...learned } = run.moment();
      return { ...state, ...learned, model, training, vocabulary: tokenizer.vocabulary, textSha256, fingerprint };
    };
    const run: TrainingRun = new TrainingRun({
      ...task,
      learner,
      corpus,
      yieldToEventLoop,
      writeSample: () => writeSample(learner, tokenizer, { model, training, yieldToEventLoop }),
      atYield: () => control?.answer(capture),
      resume: resumeFrom && {
        state: trainingState.parse(resumeFrom),
        bestWeights: resumeFrom.bestWeights,
        training: resumeFrom.training,
      },
    });
    const { whole, published } = await run.finish();
    return {
      model,
      training,
      tokenizer,
      weights: learner.weights(),
      trainLoss: whole.trainLoss,
      validationLoss: whole.validationLoss,
      bitsPerByte: whole.bitsPerByte,
      published,
      metrics: run.metrics,
      samples: run.samples,
      computedBy,
    };
  } finally {
    learner.dispose();
  }
}

async function startingWeights(
  { model, training, resumeFrom, initialWeights, initFrom }: TrainingTask,
  { tokenizer }: Corpus,
): Promise<Weights> {
  if (resumeFrom) return resumeFrom.learner.weights;
  if (initFrom) return await weightsFromModel(initFrom, { model, tokenizer, seed: training.seed });
  if (!initialWeights) return seededWeights(model, tokenizer.vocabularySize, training.seed);
  checkWeights(initialWeights, model, tokenizer.vocabularySize);
  return initialWeights;
}
