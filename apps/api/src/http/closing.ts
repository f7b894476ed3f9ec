import type { FastifyInstance } from 'fastify';

/** How often connections are looked at that were busy when the server began to close. */
const LOOK_MS = 50;

/** What open requests have to end in before their connections are cut. */
const GRACE_MS = 3000;

/**
 * Lets the server close as soon as its last request is answered. Node closes connections that are idle when closing
 * begins; one that becomes idle later, as that of an event stream does, would be kept until its keep-alive time is over.
 */
export function closePromptly(fastify: Pick<FastifyInstance, 'addHook' | 'server'>): void {
  fastify.addHook('preClose', async () => {
    const { server } = fastify;
    const look = setInterval(() => server.closeIdleConnections(), LOOK_MS);
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.once('close', () => {
      clearInterval(look);
      clearTimeout(cut);
    });
  });
}
