import type { FastifyInstance } from 'fastify';

/**
 * Closes the connection of a client that takes nothing of its answer for so long: each holds an open file, or the events
 * of a job, and a connection. A slow one that takes something now and then stays.
 */
export function closeStalledClients(fastify: Pick<FastifyInstance, 'addHook'>, stalledMs: number): void {
  fastify.addHook('onSend', async (_request, reply) => {
    reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
  });
}
