import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './problem.js';
import { problemOf } from './problem-of.js';
import { sendProblem } from './send-problem.js';

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
    sendProblem(problem, request, reply);
  }

  private log(problem: Problem, error: unknown, request: FastifyRequest): void {
    if (problem.status < 500) return;
    const { method, url, id } = request;
    const about = { code: problem.code, request: id, method, url };
    if (problem.code === 'internal_error') this.logger.error(error, about);
    // The connection reports an outage once; each request that meets it need not.
    else if (problem.code === 'queue_unavailable') this.logger.debug(problem.message, about);
    else
      this.logger.warn(problem.message, {
        ...about,
        ...(problem.cause instanceof Error && { cause: problem.cause.message }),
      });
  }
}
