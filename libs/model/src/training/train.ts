import { RandomStream } from '@glyphmill/data';
import { loadTensorFlow, reportTensorFlow } from '@glyphmill/tensorflow';
import type { ModelConfig, TrainingConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import type { Learner } from '../kinds/learner.js';
import { Breath } from '../sampling/breath.js';
import { logitsProcessors } from '../sampling/logits-processor.js';
import { startSequence } from '../sampling/sequence.js';
import { WindowDecoder } from '../sampling/window-decoder.js';
import { Corpus } from './corpus.js';
import type { TrainedModel } from './trained-model.js';
import { TrainingRun, type TrainingCallbacks } from './training-run.js';

/** The name of the random stream of initial weights: 'weig'. */
const WEIGHTS_STREAM = 0x77656967;

/** Characters of a sample on the way. */
const SAMPLE_TOKENS = 200;

export interface TrainingTask extends TrainingCallbacks {
  text: string;
  model: ModelConfig;
  training: TrainingConfig;
  /** Ends the training within a step; `train` then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Trains a model on a text.
 *
 *     const trained = await train({ text, model: { kind: 'bigram', blockSize: 8 }, training });
 *     await exportModel(trained, folder, about);
 *
 * The same text, configuration, library and number of threads give the same weights. Samples are what generation gives
 * for the empty prompt and the training's seed. The event loop has a turn about every 40 ms.
 * Throws `TensorFlowUnavailableError`, a `DatasetError` for a text that cannot train this model, `LossNotFiniteError`.
 */
export async function train({ text, model, training, signal, ...callbacks }: TrainingTask): Promise<TrainedModel> {
  signal?.throwIfAborted();
  const tensorflow = await loadTensorFlow();
  const corpus = new Corpus(text, model, training);
  const { tokenizer } = corpus;
  const definition = definitionOf(model);
  const weights = definition.initialWeights(tokenizer.vocabularySize, new RandomStream(training.seed, WEIGHTS_STREAM));
  const learner = definition.createLearner(tensorflow, weights, training);
  try {
    const breath = new Breath(signal);
    const writeSample = async () => tokenizer.decode(await sampleTokens(learner, corpus, { model, training, breath }));
    const run = new TrainingRun({ learner, corpus, training, breath, writeSample, ...callbacks });
    const { trainLoss, validationLoss } = await run.finish();
    return {
      model,
      training,
      tokenizer,
      weights: learner.weights(),
      trainLoss,
      validationLoss,
      metrics: run.metrics,
      samples: run.samples,
      computedBy: await reportTensorFlow(tensorflow),
    };
  } finally {
    learner.dispose();
  }
}

async function sampleTokens(
  learner: Learner,
  { tokenizer }: Corpus,
  { model, training, breath }: Pick<TrainingTask, 'model' | 'training'> & { breath: Breath },
): Promise<Int32Array> {
  const { vocabularySize } = tokenizer;
  const logits = (ids: Int32Array, rows: number, columns: number) => learner.logits(ids, rows, columns);
  const decoder = new WindowDecoder(logits, { vocabularySize, blockSize: model.blockSize });
  const sequence = startSequence(new Int32Array(0), { seed: training.seed, promptIndex: 0, sampleIndex: 0 });
  const processors = logitsProcessors({ temperature: 1, topK: 0, topP: 1 });
  const [tokens] = await decoder.decode([sequence], { maxNewTokens: SAMPLE_TOKENS, processors, breathe: breath.take });
  return tokens!;
}
