import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './problem.js';
import { problemOf } from './problem-of.js';

/** Answers every error as a problem document, and logs those that nobody expected. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemOf(error, request.id);
    const clientLeft = request.raw.destroyed && !request.raw.complete;
    if (!clientLeft) this.log(problem, error, request);
    if (reply.sent || reply.raw.headersSent) return;
    void reply
      .code(problem.status)
      .headers(problem.extras.headers ?? {})
      .type('application/problem+json')
      .send(JSON.stringify(problem.document(request.id)));
  }

  private log(problem: Problem, error: unknown, request: FastifyRequest): void {
    if (problem.status < 500) return;
    const { method, url, id } = request;
    const about = { code: problem.code, request: id, method, url };
    if (problem.code === 'internal_error') this.logger.error(error, about);
    else this.logger.warn(problem.message, { ...about, cause: String(problem.cause) });
  }
}
