/** `loss_not_finite`: the loss or its gradient is infinite or no number, so the weights are of no use any more. */
export class LossNotFiniteError extends Error {
  override readonly name = 'LossNotFiniteError';
  readonly code = 'loss_not_finite';

  constructor(
    readonly step: number,
    readonly quantity: 'loss' | "gradients' norm",
    readonly value: number,
  ) {
    super(
      `The ${quantity} is ${value} at step ${step}: the training has diverged. Take a smaller learningRate or ` +
        'weightDecay, a longer warm-up (warmupSteps), or clip the gradients (gradientClip 1).',
    );
  }
}
