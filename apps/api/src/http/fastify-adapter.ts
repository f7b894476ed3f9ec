import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from '../problem/problem-of.js';
import { sendProblem } from '../problem/send-problem.js';
import { closePromptly } from './closing.js';
import { HostCheck, type HostNames } from './host-check.js';
import { JSON_BODY_BYTES, parseJsonBody } from './json-body.js';
import { checkMediaType } from './media-type.js';
import { setSecurityHeaders } from './security-headers.js';

/** An id that a client may choose: what fits into a log line and a header without care. */
const REQUEST_ID = /^[\w.:-]{1,128}$/u;

/**
 * Fastify as this API needs it: hosts and origins checked, request ids, JSON bodies read strictly, and uploads left on the
 * wire to be streamed.
 */
export async function createFastifyAdapter(names: HostNames): Promise<FastifyAdapter> {
  const hosts = new HostCheck(names);
  const adapter = new FastifyAdapter({
    bodyLimit: JSON_BODY_BYTES,
    requestIdHeader: false,
    genReqId: requestIdOf,
    // The router refuses some addresses before any hook or filter runs.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      setSecurityHeaders(request.raw.url, reply.raw);
      sendProblem(problemOf(error, request.id), request, reply);
    },
    // Model files lie in folders of folders; a path is no longer than that.
    routerOptions: { maxParamLength: 512 },
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(request.raw.url, reply.raw);
    void reply.header('x-request-id', request.id);
    hosts.checkHost(request.headers);
    // Whoever watches over this server may ask how it is from anywhere.
    if (!request.routeOptions.url?.startsWith('/health/')) hosts.checkOrigin(request.method, request.headers);
    checkMediaType(request);
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJsonBody(body),
  );
  // The route reads the connection itself.
  fastify.addContentTypeParser('text/plain', async () => undefined);
  await fastify.register(multipart);
  closePromptly(fastify);
  return adapter;
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
