import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { problemOf } from '../problem/problem-of.js';
import { sendProblem, writeProblem } from '../problem/send-problem.js';
import { limitBodyPace } from './body-pace.js';
import { closePromptly, refuseWhileClosing } from './closing.js';
import { ConnectionAnswers } from './connection-answers.js';
import { answerExpectations } from './expectation.js';
import { HostCheck, type HostNames } from './host-check.js';
import { JSON_BODY_BYTES, parseJsonBody } from './json-body.js';
import { checkMediaType } from './media-type.js';
import { answerOtherMethods } from './other-methods.js';
import { RouteTable } from './route-table.js';
import { setSecurityHeaders } from './security-headers.js';

/** An id that a client may choose: what fits into a log line and a header without care. */
const REQUEST_ID = /^[\w.:-]{1,128}$/u;

/** How often connections whose next request does not come are looked for. */
const CONNECTIONS_CHECK_MS = 5000;

/** What the adapter goes by. */
interface AdapterOptions extends HostNames {
  /** What the head of a request may take, and how long its body may pause. */
  requestTimeoutMs: number;
}

/**
 * Fastify as this API needs it: hosts and origins checked, request ids, JSON bodies read strictly, uploads left on the
 * wire to be streamed, and a problem document for whatever it would answer by itself.
 */
export async function createFastifyAdapter({ requestTimeoutMs, ...names }: AdapterOptions): Promise<FastifyAdapter> {
  const hosts = new HostCheck(names);
  const connections = new ConnectionAnswers();
  const adapter = new FastifyAdapter({
    bodyLimit: JSON_BODY_BYTES,
    requestIdHeader: false,
    genReqId: requestIdOf,
    // Fastify would answer in a form of its own; `refuseWhileClosing` does instead.
    return503OnClosing: false,
    // The router refuses some addresses before any hook or filter runs.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      setSecurityHeaders(request.raw.url, reply.raw);
      sendProblem(problemOf(error, request.id), request, reply);
    },
    clientErrorHandler: (error, socket) => connections.answer(error, socket),
    http: {
      requireHostHeader: false,
      headersTimeout: requestTimeoutMs,
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(requestTimeoutMs / 2, CONNECTIONS_CHECK_MS),
    },
    // Model files lie in folders of folders; a path is no longer than that.
    routerOptions: { maxParamLength: 512 },
  });
  const fastify = adapter.getInstance();
  connections.watch(fastify.server);
  answerExpectations(fastify.server, refuseExpectation);
  const routes = RouteTable.of(fastify);
  fastify.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(request.raw.url, reply.raw);
    void reply.header('x-request-id', request.id);
    requireHost(request);
    hosts.checkHost(request.headers);
    // Whoever watches over this server may ask how it is from anywhere.
    if (!request.routeOptions.url?.startsWith('/health/')) hosts.checkOrigin(request.method, request.headers);
  });
  refuseWhileClosing(fastify);
  fastify.addHook('onRequest', answerOtherMethods(routes));
  fastify.addHook('onRequest', limitBodyPace(requestTimeoutMs));
  fastify.addHook('onRequest', async (request) => checkMediaType(request));
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJsonBody(body),
  );
  // The route reads the connection itself.
  fastify.addContentTypeParser(['text/plain', 'multipart/form-data'], async () => undefined);
  closePromptly(fastify);
  return adapter;
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** HTTP/1.1 asks for it; Node would answer without a word. */
function requireHost({ raw, headers }: FastifyRequest): void {
  if (headers.host !== undefined || raw.httpVersion === '1.0') return;
  throw new Problem('malformed_request', 'The request has no Host header, which HTTP/1.1 asks for.');
}

function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const detail = `"Expect: ${request.headers.expect}" cannot be met; the server knows 100-continue only.`;
  writeProblem(new Problem('expectation_failed', detail), requestIdOf(request), response);
}
