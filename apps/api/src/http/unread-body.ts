import type { IncomingMessage } from 'node:http';
import { isBodyWithheld } from './expectation.js';

/** How long what a client still sends is read after its request was answered. */
const LINGER_MS = 3000;

/**
 * Throws away what is left of the body of a request that was refused before its end. Many clients read an answer only
 * when they have sent all they have, so the connection is not cut at once; whoever continues for too long is cut off.
 * A client that waits for `100 Continue` is not asked for its body at all.
 */
export function discardUnreadBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed || isBodyWithheld(request)) return;
  request.unpipe();
  request.resume();
  const { socket } = request;
  const giveUp = setTimeout(() => socket.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(giveUp));
}
