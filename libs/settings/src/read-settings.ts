import type { z } from 'zod';
import { ConfigError } from './config-error.js';
import { isSecret } from './secret.js';

/**
 * Reads settings from an environment; an empty value counts as none, and what the schema does not name is not looked at.
 * Throws {@link ConfigError}, which says of each setting that cannot be used its name, what was given unless it is marked
 * as secret, and what is allowed.
 *
 *     readSettings(z.object({ PORT: z.coerce.number() }), process.env)
 */
export function readSettings<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: NodeJS.ProcessEnv,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const shape: Record<string, z.core.$ZodType | undefined> = schema.shape;
  const refusals = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const value = given[name];
    if (value === undefined) return `${name} is not set: ${message}`;
    const field = shape[name];
    // What the schema does not say anything of is taken for a secret.
    return field === undefined || isSecret(field)
      ? `${name} (not shown: it may hold a secret) cannot be used: ${message}`
      : `${name} is ${JSON.stringify(value)}: ${message}`;
  });
  throw new ConfigError([...new Set(refusals)].join('; '));
}
