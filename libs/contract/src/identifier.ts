import { z } from 'zod';

/**
 * The id of a dataset, a model or a job. It becomes part of paths, storage keys and Redis keys, so it is nothing but
 * letters, digits, _ and -.
 */
export const identifier = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u, 'an id is 1 to 64 letters, digits, _ and -');
