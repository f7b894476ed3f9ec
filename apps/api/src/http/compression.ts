import { pipeline, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import { negotiate } from '@fastify/accept-negotiator';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { weakened } from './entity-tag.js';

/** Texts. Weights and graphs hardly get smaller, and events must not wait for more of them. */
const COMPRESSIBLE = /^(?:text\/(?!event-stream)|application\/(?:[\w.-]+\+)?(?:json|javascript|x-ndjson)\b)/u;

/** What is shorter fits into one packet anyway. */
const MIN_BYTES = 1024;

const CODING = 'gzip';

const compress = promisify(gzip);

/**
 * Compresses texts for clients that take gzip. What is compressed has a weak ETag, because its bytes are not those that
 * ranges count. [Decision 25](../../../../docs/decisions/0025-answers-of-files.md) says why no library does this.
 */
export function compressAnswers(fastify: Pick<FastifyInstance, 'addHook'>): void {
  fastify.addHook('onSend', async (request, reply, payload: unknown) => {
    const type = String(reply.getHeader('content-type') ?? '');
    // That of an answer which broke off before it began.
    void reply.removeHeader('content-encoding');
    if (!COMPRESSIBLE.test(type)) return payload;
    void reply.header('vary', [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', '));
    const isPart = reply.statusCode === 206 || reply.hasHeader('content-range');
    if (isPart || !isCompressed(request, type, sizeOf(payload, reply))) return payload;
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) {
      markCompressed(reply);
      return await compress(payload);
    }
    if (!isStream(payload)) return payload;
    markCompressed(reply);
    // The stream of an answer to HEAD is empty.
    return request.method === 'HEAD' ? payload : pipeline(payload, createGzip(), () => undefined);
  });
}

/** Whether a text of a size is compressed for a client; a size that is not known is undefined. */
export function isCompressed({ headers }: FastifyRequest, contentType: string, sizeBytes: number | undefined): boolean {
  if (!COMPRESSIBLE.test(contentType) || (sizeBytes ?? Infinity) < MIN_BYTES) return false;
  const accepted = headers['accept-encoding']?.toLowerCase() ?? '';
  return negotiate(accepted, [CODING, 'identity']) === CODING;
}

function markCompressed(reply: FastifyReply): void {
  void reply.header('content-encoding', CODING).removeHeader('content-length');
  const etag = reply.getHeader('etag');
  if (typeof etag === 'string') void reply.header('etag', weakened(etag));
}

function sizeOf(payload: unknown, reply: FastifyReply): number | undefined {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return Buffer.byteLength(payload);
  const length = reply.getHeader('content-length');
  return length === undefined ? undefined : Number(length);
}

function isStream(payload: unknown): payload is Readable {
  return typeof payload === 'object' && payload !== null && 'pipe' in payload;
}
