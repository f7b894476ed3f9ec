import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import type { RouteTable } from './route-table.js';

/**
 * A hook that answers a method that its address does not take: OPTIONS with 204 and `Allow`, any other with 405. An
 * address that takes none is left to be a 404. Throws `method_not_allowed`.
 */
export function answerOtherMethods(routes: RouteTable) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (!request.is404) return undefined;
    const path = request.url.split('?', 1)[0] ?? '';
    const allow = routes.allowed(path);
    if (allow === undefined) return undefined;
    if (request.method === 'OPTIONS') return reply.code(204).header('allow', allow).send();
    const detail = `${path} does not take ${request.method}. It takes ${allow}.`;
    throw new Problem('method_not_allowed', detail, { headers: { allow } });
  };
}
