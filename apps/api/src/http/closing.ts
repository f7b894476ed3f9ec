import type { FastifyInstance } from 'fastify';
import { Problem } from '../problem/problem.js';

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

/** Answers requests that come while the server closes, on connections that are still open, with 503 `shutting_down`. */
export function refuseWhileClosing(fastify: Pick<FastifyInstance, 'addHook'>): void {
  let isClosing = false;
  fastify.addHook('preClose', async () => {
    isClosing = true;
  });
  fastify.addHook('onRequest', async () => {
    if (!isClosing) return;
    const headers = { 'retry-after': '2', connection: 'close' };
    throw new Problem('shutting_down', 'The server is stopping. Send the request again in a moment.', { headers });
  });
}
