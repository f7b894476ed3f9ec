import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isBodyWithheld } from '../http/expectation.js';
import { SECURITY_HEADERS } from '../http/security-headers.js';
import { discardUnreadBody } from '../http/unread-body.js';
import type { Problem } from './problem.js';

/** Answers a request with a problem document, unless its answer has begun. */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  // What such a client sends next, its body or a new request, nobody can tell.
  if (isBodyWithheld(request.raw)) void reply.header('connection', 'close');
  discardUnreadBody(request.raw);
  if (reply.sent || reply.raw.headersSent) return;
  void reply
    .code(problem.status)
    .headers({ 'x-request-id': request.id, ...problem.extras.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problem.document(request.id)));
}

/** The same for a request that Fastify never sees; the connection is closed. */
export function writeProblem(problem: Problem, requestId: string, response: ServerResponse): void {
  const body = Buffer.from(JSON.stringify(problem.document(requestId)));
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': body.length,
    'x-request-id': requestId,
    ...SECURITY_HEADERS,
    connection: 'close',
  };
  response.writeHead(problem.status, headers).end(body);
}
