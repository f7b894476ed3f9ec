import { z } from 'zod';

/** The most tags of one job. */
const MOST_TAGS = 16;

export const tag = z.string().regex(/^[A-Za-z0-9_.:/-]{1,64}$/u, 'a tag is 1 to 64 letters, digits or _ . : / -');

/** What every request for a job says of its delivery. */
export const deliveryFields = {
  priority: z.int().min(-100).max(100).default(0).describe('Higher runs first.'),
  tags: z.array(tag).max(MOST_TAGS).default([]),
  maxAttempts: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('How often a crash may end an attempt before the job fails.'),
  deadline: z.iso
    .datetime({ offset: true, error: 'a time with its offset, such as 2027-01-01T00:00:00Z' })
    .refine((time) => !(new Date(time).getUTCFullYear() > 9999), 'the year may be at most 9999, in UTC')
    .transform((time) => new Date(time).toISOString())
    .optional()
    .describe('When the job must have ended; one that has not then fails (`deadline_exceeded`). In the future.'),
};

/** The same as a job shows it. */
export const shownDeliveryFields = {
  priority: z.int(),
  tags: z.array(z.string()),
  maxAttempts: z.int(),
  deadline: z.iso.datetime().optional(),
};
