import { KEPT_TRAINING_SETTINGS, type ModelConfig, type TrainingConfig } from '../config/index.js';
import type { Checkpoint } from './checkpoint.js';
import { ResumeMismatchError } from './errors.js';

/** Throws {@link ResumeMismatchError} unless a training run of this text, model and settings can continue from the checkpoint. */
export function checkResumable(
  checkpoint: Checkpoint,
  now: { textSha256: string; model: ModelConfig; training: TrainingConfig },
): void {
  requireSame('the sha256 of the text', checkpoint.textSha256, now.textSha256);
  const [modelThen, modelNow] = [new Map(Object.entries(checkpoint.model)), new Map(Object.entries(now.model))];
  for (const field of new Set([...modelThen.keys(), ...modelNow.keys()])) {
    requireSame(`model.${field}`, String(modelThen.get(field)), String(modelNow.get(field)));
  }
  for (const field of KEPT_TRAINING_SETTINGS) {
    requireSame(`training.${field}`, String(checkpoint.training[field]), String(now.training[field]));
  }
}

function requireSame(field: string, then: string, now: string): void {
  if (then !== now) throw new ResumeMismatchError(field, then, now);
}
