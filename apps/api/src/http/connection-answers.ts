import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem } from '../problem/problem.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** An error of Node's HTTP parser, or of its clock. */
type ClientError = Error & { code?: string; reason?: string };

/**
 * Answers what never becomes a request, because it is not HTTP, ends too early or does not come: with a problem
 * document, on a connection that is then closed. An answer that is in progress there is neither cut nor mixed with it.
 */
export class ConnectionAnswers {
  readonly #newest = new WeakMap<Duplex, ServerResponse>();

  /** Starts to note which connection has an answer in progress. */
  watch(server: Pick<Server, 'on'>): void {
    const note = (request: IncomingMessage, response: ServerResponse) => this.#newest.set(request.socket, response);
    server.on('request', note);
  }

  /** Node's event `clientError`. */
  answer(error: ClientError, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const problem = problemOf(error);
    const current = this.#newest.get(socket);
    if (!current || current.writableFinished) closeWith(problem, socket);
    // The error is of what follows a request that is whole: its own answer comes first.
    else if (current.req.complete) current.once('finish', () => closeWith(problem, socket));
    else if (current.headersSent) socket.destroy();
    else closeWith(problem, socket);
  }
}

function problemOf({ code, reason, message }: ClientError): Problem {
  switch (code ?? '') {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 'The head of a request did not come in time (REQUEST_TIMEOUT_SECONDS).');
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large', 'The address and the headers together are larger than the server reads.');
    case 'HPE_INVALID_EOF_STATE':
      return new Problem('incomplete_body', 'The connection ended before the request did. Send all of it again.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('body_too_large', 'The chunk extensions of the body are larger than the server reads.');
    default:
      return new Problem('malformed_request', `This is not HTTP/1.1: ${reason ?? message}.`);
  }
}

function closeWith(problem: Problem, socket: Duplex): void {
  if (!socket.writable) return;
  const requestId = randomUUID();
  const body = JSON.stringify(problem.document(requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    `date: ${new Date().toUTCString()}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
