import { factsOf, type ModelKind } from './model-config.js';
import {
  MOST_WARMUP_STEPS,
  type PartialTrainingConfig,
  type TrainingConfig,
  trainingConfig,
} from './training-config.js';

const STEPS_PER_WARMUP_STEP = 20;

/** The learning rate over the floor that is chosen for a cosine schedule: nanoGPT's. */
const RATE_OVER_FLOOR = 10;

/**
 * The whole configuration: what the client said, and the defaults of the model's kind for the rest. The schedule's
 * floor and warm-up that are left out follow the rate and the steps that are given, so they never contradict them.
 */
export function completeTrainingConfig(kind: ModelKind, given: PartialTrainingConfig): TrainingConfig {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { warmsUp, ...settings } = { ...factsOf(kind).trainingDefaults, ...said };
  const { schedule, learningRate, maxSteps } = settings;
  const complete = trainingConfig.parse({
    minLearningRate: schedule === 'cosine' ? rounded(learningRate / RATE_OVER_FLOOR) : learningRate,
    warmupSteps: warmsUp ? Math.min(MOST_WARMUP_STEPS, Math.floor(maxSteps / STEPS_PER_WARMUP_STEP)) : 0,
    ...settings,
  });
  // 0 means what 1 does; with one number for it training runs can be compared.
  return { ...complete, gradientAccumulationSteps: Math.max(1, complete.gradientAccumulationSteps) };
}

/** In as many digits as people write: 0.0003 / 10 is 0.00003 and not 0.000029999999999999997. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(12));
}
