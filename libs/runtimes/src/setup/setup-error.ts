/** What can keep the native runtimes from being set up or found. */
export type SetupErrorCode =
  | 'build-failed'
  | 'cache-unusable'
  | 'compile-failed'
  | 'compiler-missing'
  | 'dependencies-missing'
  | 'disk-full'
  | 'download-failed'
  | 'download-refused'
  | 'pip-missing'
  | 'platform-unsupported'
  | 'python-missing'
  | 'runtimes-missing'
  | 'setting-invalid'
  | 'valkey-failed';

/** Its message is one paragraph for a person: what failed, why, and what to do about it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly code: SetupErrorCode;

  constructor(code: SetupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
