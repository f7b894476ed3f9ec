import { z } from 'zod';

/** An id in a path; it becomes part of storage keys and Redis keys, so it is nothing but letters, digits, _ and -. */
export const resourceId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u, 'an id is 1 to 64 letters, digits, _ and -');
