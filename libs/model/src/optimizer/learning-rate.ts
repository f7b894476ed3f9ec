import type { TrainingConfig } from '../config/index.js';

type Schedule = Pick<TrainingConfig, 'schedule' | 'learningRate' | 'minLearningRate' | 'warmupSteps' | 'maxSteps'>;

/**
 * The learning rate of the step that comes after `stepsTaken`: it rises linearly while it warms up, and then stays, or
 * falls on half a cosine to `minLearningRate` at `maxSteps`. The same numbers as nanoGPT's `get_lr`.
 */
export function learningRateAfter(stepsTaken: number, config: Schedule): number {
  const { schedule, learningRate, minLearningRate, warmupSteps, maxSteps } = config;
  if (stepsTaken < warmupSteps) return (learningRate * (stepsTaken + 1)) / (warmupSteps + 1);
  if (schedule === 'constant') return learningRate;
  if (stepsTaken >= maxSteps) return minLearningRate;
  const fallen = (stepsTaken - warmupSteps) / (maxSteps - warmupSteps); // 0 to 1
  return minLearningRate + 0.5 * (1 + Math.cos(Math.PI * fallen)) * (learningRate - minLearningRate);
}
