import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { invalidRequest } from '../problem/field-errors.js';

/**
 * Parses whatever a controller takes under a schema: bodies, queries, and ids in paths. It differs from Nest's own
 * `StandardSchemaValidationPipe` in one thing: a fault names the parameter that has it.
 */
export class SchemaPipe implements PipeTransform {
  async transform(value: unknown, { schema, data }: ArgumentMetadata): Promise<unknown> {
    if (!schema) return value;
    const result = await schema['~standard'].validate(value);
    if (result.issues) throw invalidRequest(result.issues, data);
    return result.value;
  }
}
