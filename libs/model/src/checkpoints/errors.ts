/** `checkpoint_invalid`: a folder that is not a whole checkpoint, or one that this version cannot read. */
export class CheckpointInvalidError extends Error {
  override readonly name = 'CheckpointInvalidError';
  readonly code = 'checkpoint_invalid';

  constructor(what: string, options?: ErrorOptions) {
    super(`The checkpoint cannot be used: ${what}.`, options);
  }
}

/** `resume_mismatch`: a checkpoint is of another training run, so this one cannot continue from it. */
export class ResumeMismatchError extends Error {
  override readonly name = 'ResumeMismatchError';
  readonly code = 'resume_mismatch';

  constructor(field: string, then: string, now: string) {
    super(
      `${field} is ${now}, but the checkpoint's is ${then}: the training cannot continue from it. ` +
        `Give ${field} as it was, or start from the published model (initFrom).`,
    );
  }
}
