import { z } from 'zod';

/** An id in a path; it becomes part of storage keys and Redis keys, so it is nothing but letters, digits, _ and -. */
export const resourceId = z.string().regex(/^[a-z0-9][\w-]{0,63}$/iu, 'an id is 1 to 64 letters, digits, _ and -');
