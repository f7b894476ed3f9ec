import type { FieldError } from '@glyphmill/contract';
import { Problem } from './problem.js';

/** What a schema found at one place; zod's issues are so shaped, as all of the Standard Schema interface are. */
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The most field errors that one answer lists: a body can be wrong in a million places. */
const MOST_ERRORS = 50;

/** The problem that says which fields of a request, or below one of it, cannot be used, made of what a schema found. */
export function invalidRequest(issues: readonly Issue[], field?: string): Problem {
  const errors = issues.flatMap((issue) => fieldErrors(issue, field));
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = first ? `${first.path || 'the request'}: ${first.message}${more}` : 'The request cannot be used.';
  return new Problem('invalid_request', detail, { errors: errors.slice(0, MOST_ERRORS) });
}

/** An unknown field is an issue of the object that holds it; here it becomes an error of the field itself. */
function fieldErrors(issue: Issue, field?: string): FieldError[] {
  const path = [...(field === undefined ? [] : [field]), ...(issue.path ?? [])];
  const unknownFields = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : [];
  if (unknownFields.length > 0) {
    return unknownFields.map((unknown) => ({
      path: formatPath([...path, unknown]),
      message: 'this field is not known',
    }));
  }
  return [{ path: formatPath(path), message: issue.message }];
}

/** `['training', 'maxSteps']` → `training.maxSteps`; `['prompts', 3]` → `prompts[3]`. */
function formatPath(path: NonNullable<Issue['path']>): string {
  return path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .reduce<string>((text, key) => {
      if (typeof key === 'number') return `${text}[${key}]`;
      return text === '' ? String(key) : `${text}.${String(key)}`;
    }, '');
}
