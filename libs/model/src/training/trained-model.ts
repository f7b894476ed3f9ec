import type { CharacterTokenizer } from '@glyphmill/data';
import type { TensorFlowReport } from '@glyphmill/tensorflow';
import type { ModelConfig, TrainingConfig } from '../config/index.js';
import type { Weights } from '../weights/weights.js';
import type { TrainingMetric, TrainingSample } from './training-reports.js';

/** What a training run yields: plain data, no tensors. */
export interface TrainedModel {
  model: ModelConfig;
  training: TrainingConfig;
  tokenizer: CharacterTokenizer;
  weights: Weights;
  /** Over the whole train split, in nats per token. */
  trainLoss: number;
  /** Over the whole validation split, in nats per token. */
  validationLoss: number;
  /** The validation loss in bits per byte of UTF-8. */
  bitsPerByte: number;
  /** Which weights these are: those of the lowest validation loss on the way, or the last. */
  published: { which: 'best' | 'last'; step: number };
  metrics: TrainingMetric[];
  samples: TrainingSample[];
  /** What computed it. */
  computedBy: TensorFlowReport;
}
