import type { z } from 'zod';
import { MessageChannel } from './message-channel.js';

/** The engine's side of the channel to its parent. */
export interface Parent<Outgoing extends object> {
  send(message: Outgoing): void;
}

/**
 * Makes this process an engine: parses what the parent sends and hands it to `handle`. The process ends when the
 * parent is gone or closes the channel, so that no engine outlives its worker.
 */
export function serveEngine<Incoming extends z.ZodType, Outgoing extends object>(
  incoming: Incoming,
  handle: (message: z.output<Incoming>) => void,
): Parent<Outgoing> {
  const parent = MessageChannel.toParent();
  // The parent may have gone while this process was still loading: then it closes at once.
  parent.onClose(() => process.exit(0));
  // The parent decides when an engine ends; a Ctrl-C in a terminal reaches the whole group.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  parent.listen(
    (raw) => handle(incoming.parse(raw)),
    (fault) => {
      throw fault;
    },
  );
  return { send: (message) => parent.send(message) };
}
