import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { problemDocument, type ProblemDocument } from '@glyphmill/contract';

/** A connection on which a test writes what no HTTP client would. */
export class RawConnection {
  readonly socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
    });
    // A server that closes while we write is what some tests are about.
    socket.on('error', () => undefined);
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  write(...lines: string[]): void {
    this.socket.write(lines.join('\r\n'));
  }

  /** Waits until what came so far fits. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) {
      if (this.socket.readableEnded || this.socket.destroyed) {
        throw new Error(`the connection was closed after ${JSON.stringify(this.#received)}`);
      }
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    return this.#received;
  }

  /** Everything that came until the server closed the connection. */
  async rest(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#received;
  }
}

/** Writes lines, may end the writing half, and waits until the server closes. */
export async function exchange(url: string, lines: string[], { end = false } = {}): Promise<string> {
  const connection = await RawConnection.open(url);
  connection.write(...lines);
  if (end) connection.socket.end();
  return connection.rest();
}

/** The status and the problem document of an answer as it came. */
export function rawProblem(answer: string): { statusLine: string; headers: string; problem: ProblemDocument } {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...headers] = head.split('\r\n');
  if (!/^content-type: application\/problem\+json/imu.test(headers.join('\n'))) {
    throw new Error(`not a problem document: ${JSON.stringify(answer)}`);
  }
  return { statusLine, headers: headers.join('\n'), problem: problemDocument.parse(JSON.parse(body)) };
}
