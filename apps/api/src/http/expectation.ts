import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests whose client waits for `100 Continue` before it sends the body. */
const waiting = new WeakSet<IncomingMessage>();

/** Whether a request's body is still with its client, which waits to be asked for it. */
export function isBodyWithheld(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/**
 * Asks for a body that its client announced with `Expect: 100-continue` when it is first read, so that a request that
 * is refused by its headers is refused before anything was sent. Node would ask at once. Any other expectation goes to
 * `refuse`.
 */
export function answerExpectations(
  server: Pick<Server, 'on' | 'emit'>,
  refuse: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  server.on('checkContinue', (request, response) => {
    waiting.add(request);
    const read = request._read.bind(request);
    request._read = (size) => {
      if (waiting.delete(request) && !response.headersSent) response.writeContinue();
      read(size);
    };
    server.emit('request', request, response);
  });
  server.on('checkExpectation', refuse);
}
