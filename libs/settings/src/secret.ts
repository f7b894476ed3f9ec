import { z } from 'zod';

const secrets = z.registry<{ isSecret: true }>();

/** Marks a setting whose value may carry a password, key or token: it is never quoted, whatever its form. */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  secrets.add(schema, { isSecret: true });
  return schema;
}

/** Whether a setting is marked, also below a default or as an optional one. */
export function isSecret(schema: z.core.$ZodType): boolean {
  if (secrets.has(schema)) return true;
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return innerType !== undefined && isSecret(innerType);
}
