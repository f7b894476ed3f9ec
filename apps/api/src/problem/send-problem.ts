import type { FastifyReply, FastifyRequest } from 'fastify';
import { discardUnreadBody } from '../http/unread-body.js';
import type { Problem } from './problem.js';

/** Answers a request with a problem document, unless its answer has begun. */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  discardUnreadBody(request.raw);
  if (reply.sent || reply.raw.headersSent) return;
  void reply
    .code(problem.status)
    .headers({ 'x-request-id': request.id, ...problem.extras.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problem.document(request.id)));
}
