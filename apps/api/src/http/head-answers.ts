import type { FastifyInstance } from 'fastify';

/** Answers that have no body, and no length either, for which Fastify's own routes for HEAD say 0. */
const WITHOUT_LENGTH: ReadonlySet<number> = new Set([204, 304]);

/**
 * Leaves the length out of an answer to HEAD for which GET has none; RFC 9110, 8.6 forbids it for 204, and for 304 it
 * would be that of the file. Takes the routes that are added afterwards.
 */
export function correctHeadAnswers(fastify: Pick<FastifyInstance, 'addHook'>): void {
  fastify.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD') return;
    const own = [route.onSend ?? []].flat();
    route.onSend = [
      ...own,
      async (_request, reply, payload: unknown) => {
        if (WITHOUT_LENGTH.has(reply.statusCode)) void reply.removeHeader('content-length');
        return payload;
      },
    ];
  });
}
