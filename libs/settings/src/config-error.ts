/** A setting that cannot be used; the message names it and what is allowed, and quotes no value that may be secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'invalid_setting';
}
