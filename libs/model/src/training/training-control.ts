import type { Checkpoint } from '../checkpoints/checkpoint.js';

/** `training_ended`: a checkpoint was asked of a training run that has ended or failed. */
export class TrainingEndedError extends Error {
  override readonly name = 'TrainingEndedError';
  readonly code = 'training_ended';

  constructor(options?: ErrorOptions) {
    super('The training has ended, so it can give no checkpoint.', options);
  }
}

interface Asker {
  resolve: (checkpoint: Checkpoint) => void;
  reject: (error: TrainingEndedError) => void;
}

/**
 * Speaks with a training run while it runs:
 *
 *     const control = new TrainingControl();
 *     const trained = train({ …, control });
 *     await writeCheckpoint(await control.checkpoint(), folder);
 */
export class TrainingControl {
  #asking: Asker[] = [];
  #ended: TrainingEndedError | undefined;

  /**
   * A checkpoint of the training as it is when it next yields to the event loop, never in the middle of a step; it waits for one
   * that has not started yet. Rejects with {@link TrainingEndedError}.
   */
  checkpoint(): Promise<Checkpoint> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#asking.push({ resolve, reject }));
  }

  /** @internal Gives all who ask the same checkpoint, which is made only where someone does. */
  answer(capture: () => Checkpoint): void {
    if (this.#asking.length === 0) return;
    const checkpoint = capture();
    for (const { resolve } of this.#asking.splice(0)) resolve(checkpoint);
  }

  /** @internal No more answers come. */
  end(cause?: unknown): void {
    this.#ended = new TrainingEndedError({ cause });
    for (const { reject } of this.#asking.splice(0)) reject(this.#ended);
  }
}
