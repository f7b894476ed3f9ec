import type { ModelConfig, TrainingConfig } from '../config/index.js';
import type { LearnerState } from '../learner/learner.js';
import type { TrainingState } from '../training/training-state.js';
import type { Weights } from '../weights/weights.js';
import type { Fingerprint } from './fingerprint.js';

/** All that a training run needs to continue to the same bits as if it had never stopped. Plain data. */
export interface Checkpoint extends TrainingState {
  model: ModelConfig;
  training: TrainingConfig;
  /** The tokens, by id. */
  vocabulary: readonly string[];
  /** The sha256 of the text in UTF-8, in hexadecimal. */
  textSha256: string;
  /** What computed it. */
  fingerprint: Fingerprint;
  learner: LearnerState;
  /** The weights of {@link TrainingState.best}; undefined if there is none. */
  bestWeights: Weights | undefined;
}
