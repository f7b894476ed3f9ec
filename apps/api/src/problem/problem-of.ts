import { NotInCatalogError } from '@glyphmill/catalog';
import { isProblemCode, type ProblemCode } from '@glyphmill/contract';
import { DatasetError, InvalidUtf8Error } from '@glyphmill/data';
import {
  IdempotencyConflictError,
  InvalidCursorError,
  redisRefusal,
  JobNotFoundError,
  JobsDeletedError,
  JobStateConflictError,
  QueueFullError,
} from '@glyphmill/jobs';
import { ArtifactDamagedError, StorageUnavailableError } from '@glyphmill/storage';
import { HttpException } from '@nestjs/common';
import { JSON_BODY_BYTES } from '../http/json-body.js';
import { BatchItemError, Refusal } from '../intake/refusal.js';
import { NoOutputError } from '../reading/job-output.js';
import { invalidRequest } from './field-errors.js';
import { Problem } from './problem.js';

/** How soon a client may try again what an absent Redis or storage refused. */
const RETRY_AFTER_SECONDS = 2;

/** How soon a client may look whether a full queue has room again. */
const FULL_RETRY_AFTER_SECONDS = 30;

/** The system's codes for a disk or a quota without room. */
const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** What a client is told about an error, whoever threw it: this API, a library of the project, Nest, or Fastify. */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof Problem) return error;
  return (
    problemOfService(error, requestId) ??
    problemOfLibrary(error) ??
    problemOfFramework(error) ??
    new Problem(
      'internal_error',
      `The server met an error that it did not expect. It is logged as request ${requestId}; please report it with that id.`,
      { cause: error },
    )
  );
}

function problemOfService(error: unknown, requestId: string): Problem | undefined {
  if (error instanceof Refusal) return problemOfRefusal(error);
  if (!(error instanceof BatchItemError)) return undefined;
  const { place, cause } = error;
  if (cause instanceof Refusal) return problemOfRefusal(cause, `items[${place}]`);
  const problem = problemOf(cause, requestId);
  // What is wrong with the server is no fault of one request.
  if (problem.status >= 500) return problem;
  return new Problem(problem.code, `items[${place}]: ${problem.message}`, problem.extras);
}

/** Where this surface lists what a request named in vain. */
const LISTS: ReadonlyMap<string, string> = new Map([
  ['unknown_dataset', 'GET /api/datasets lists what there is.'],
  ['unknown_model', 'GET /api/models lists what there is.'],
  ['unknown_job', 'GET /api/jobs lists them.'],
]);

/** `item` is the path of the request among those that came together. */
function problemOfRefusal({ code, reason, field, remedy, facts }: Refusal, item?: string): Problem {
  const path = [item, field].filter((part) => part !== undefined).join('.');
  if (code === 'invalid_request') return invalidRequest([{ message: reason }], path);
  const sentences = [path === '' ? `${reason}.` : `${path}: ${reason}.`, remedy ?? LISTS.get(code)];
  const detail = sentences.filter((sentence) => sentence !== undefined).join(' ');
  return new Problem(code, detail, { members: facts });
}

function problemOfAbsence({ kind, id }: NotInCatalogError): Problem | undefined {
  const code = `${kind}_not_found`;
  if (!isProblemCode(code)) return undefined;
  return new Problem(code, `There is no ${kind} "${id}". GET /api/${kind}s lists them.`);
}

function problemOfLibrary(error: unknown): Problem | undefined {
  if (error instanceof DatasetError && isProblemCode(error.code)) {
    const members = error instanceof InvalidUtf8Error ? { byteOffset: error.byteOffset } : {};
    return new Problem(error.code, error.message, { members });
  }
  if (error instanceof JobNotFoundError) return new Problem('job_not_found', error.message);
  if (error instanceof JobStateConflictError) return new Problem('job_state_conflict', error.message);
  if (error instanceof IdempotencyConflictError) return new Problem('idempotency_conflict', error.message);
  if (error instanceof JobsDeletedError) {
    const detail = `${error.message}. To run the request again, send it with another key.`;
    return new Problem('job_deleted', detail, { members: { jobs: error.ids } });
  }
  if (error instanceof QueueFullError) {
    return new Problem(
      'queue_full',
      `${error.message} (${error.limited === 'jobs' ? 'MAX_QUEUED_JOBS' : 'MAX_QUEUED_BYTES'})`,
      {
        headers: { 'retry-after': String(FULL_RETRY_AFTER_SECONDS) },
        members: { limit: error.limit },
      },
    );
  }
  if (error instanceof NotInCatalogError) return problemOfAbsence(error);
  if (error instanceof NoOutputError) return new Problem('no_output', error.message);
  if (error instanceof InvalidCursorError) return invalidRequest([{ message: error.message }], 'after');
  if (error instanceof ArtifactDamagedError) {
    const detail = `${error.message} Restore it from a backup, or delete what it belongs to and store that anew.`;
    return new Problem('artifact_damaged', detail, { cause: error, members: { artifact: error.key } });
  }
  const storageFault = error instanceof StorageUnavailableError ? error.reason : systemCode(error);
  if (DISK_FULL.has(storageFault)) {
    return new Problem('storage_full', 'The storage has no room left. Its keeper must make some.', { cause: error });
  }
  if (error instanceof StorageUnavailableError) {
    const detail = `The storage cannot be used now (${error.reason}). Try again in a moment.`;
    return unavailable('storage_unavailable', detail, error);
  }
  const refusal = redisRefusal(error);
  if (refusal) return unavailable('queue_unavailable', `${refusal.message} Try again in a moment.`, error);
  return undefined;
}

function unavailable(code: ProblemCode, detail: string, cause: unknown): Problem {
  return new Problem(code, detail, { cause, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } });
}

/** Fastify's own errors reach here directly or as the cause of one of Nest's. */
function problemOfFramework(error: unknown): Problem | undefined {
  const cause = error instanceof HttpException ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return undefined;
  const status = error instanceof HttpException ? error.getStatus() : numberOf(cause, 'statusCode');
  if (status === undefined || status >= 500) return undefined;
  const code = codeOf(cause, status);
  return new Problem(code, REMEDIES.get(code) ?? cause.message, { cause });
}

/** What to do, where the framework's own words do not say it. */
const REMEDIES: ReadonlyMap<ProblemCode, string> = new Map([
  ['body_too_large', `A JSON body may have at most ${JSON_BODY_BYTES} bytes. Send the work as several jobs.`],
  ['cross_origin', "Browsers may send this request from the API's own pages only. Other programs are not concerned."],
]);

function codeOf(error: Error, status: number): ProblemCode {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return 'body_too_large';
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' || code === 'ECONNRESET') return 'incomplete_body';
  if (code.startsWith('FST_ERR_CTP_INVALID_MEDIA_TYPE')) return 'unsupported_media_type';
  switch (status) {
    case 403:
      return 'cross_origin';
    case 404:
      return 'not_found';
    case 413:
      return 'body_too_large';
    case 414:
      return 'uri_too_long';
    case 415:
      return 'unsupported_media_type';
    default:
      return 'malformed_request';
  }
}

/** The code of an error of the file system, such as `ENOSPC`; empty for any other. */
function systemCode(error: unknown): string {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : '';
}

function numberOf(error: Error, field: string): number | undefined {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'number' ? value : undefined;
}
