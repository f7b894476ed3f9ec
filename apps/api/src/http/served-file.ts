import { Logger, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { parseByteRange } from './byte-range.js';
import { isCompressed } from './compression.js';
import { hasEntityTag, weakened } from './entity-tag.js';
import { FileBytes, type FilePart } from './file-bytes.js';

/** A file as it is answered. */
export interface ServedFile {
  /** What it is called in errors. */
  name: string;
  contentType: string;
  /** Quoted, as in the header, and another for other bytes. */
  etag: string;
  /** The stored files whose bytes it is, one after the other. */
  parts: readonly FilePart[];
}

const logger = new Logger('Download');

/**
 * Answers a request for a file: the whole of it or a range, with its length, or that the client has it. Takes `Range`
 * (one range), `If-Range`, `If-Match` and `If-None-Match` in the order of
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2. A file that turns out shorter than promised closes the
 * connection, so that no client waits for the rest or takes it for the whole. Throws the problems `precondition_failed`
 * and `range_not_satisfiable`, and what opening the file throws.
 */
export async function serveFile(
  file: ServedFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<StreamableFile | undefined> {
  const { etag, contentType, parts } = file;
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  void reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' });
  checkIfMatch(file, request);
  const { 'if-none-match': ifNoneMatch } = request.headers;
  if (ifNoneMatch !== undefined && hasEntityTag(ifNoneMatch, etag, 'weak')) {
    if (isCompressed(request, contentType, sizeBytes)) void reply.header('etag', weakened(etag));
    void reply.code(304);
    return undefined;
  }
  const range = wantedRange(file, sizeBytes, request);
  if (range) void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  const bytes = await FileBytes.open(parts, { start, end });
  bytes.once('error', (error) => {
    // Before that, the error is answered; and a client that left is no fault.
    if (!reply.raw.headersSent || reply.raw.destroyed) return;
    logger.warn('a download broke off', { request: request.id, url: request.url, reason: error.message });
  });
  return new StreamableFile(bytes, { type: contentType, length: end - start + 1 });
}

function checkIfMatch({ name, etag }: ServedFile, { headers }: FastifyRequest): void {
  const { 'if-match': ifMatch } = headers;
  if (ifMatch === undefined || hasEntityTag(ifMatch, etag, 'strong')) return;
  const detail = `"${name}" has the ETag ${etag}, and the If-Match of the request lists others. Ask without it.`;
  throw new Problem('precondition_failed', detail);
}

/** Ranges are of GET alone. An If-Range must be the very tag; a date never is, as no file has a Last-Modified. */
function wantedRange({ name, etag }: ServedFile, sizeBytes: number, { method, headers }: FastifyRequest) {
  const { range: header, 'if-range': ifRange } = headers;
  if (method !== 'GET' || (ifRange !== undefined && ifRange !== etag)) return undefined;
  const range = parseByteRange(header, sizeBytes);
  if (range !== 'unsatisfiable') return range;
  throw new Problem('range_not_satisfiable', `"${name}" has ${sizeBytes} bytes, and none of them is in "${header}".`, {
    members: { sizeBytes },
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}
