import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The file descriptor by which an engine reaches its worker, after its standard ones. */
export const CHANNEL_FD = 3;

/** How many bytes one message of an engine may have. All that engines say is small: what is large goes into files. */
export const MAX_MESSAGE_BYTES = 1024 ** 2;

const NEWLINE = 0x0a;

/** Something came that is no message: more bytes than one may have, or no JSON. */
export class UnreadableMessageError extends Error {
  readonly code = 'unreadable_message';
}

/**
 * Messages between two processes, each a line of JSON. Node.js's own channel between processes reads on until a line is
 * complete, however long it becomes, so a child can end its parent by one message; this one holds no more than a message
 * may have, reads no further than its listener has come, and says what cannot be read.
 */
export class MessageChannel {
  readonly #stream: Duplex;
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** A channel over bytes that arrive and leave; a message that arrives may have `maxBytes`. */
  constructor(stream: Duplex, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    // Whoever is at the other end may be gone at any moment; that it closes says so.
    stream.on('error', () => undefined);
  }

  /** The engine's end of the channel to its worker. */
  static toParent(): MessageChannel {
    return new MessageChannel(new Socket({ fd: CHANNEL_FD, readable: true, writable: true }), Infinity);
  }

  get isOpen(): boolean {
    return !this.#stream.destroyed;
  }

  /** Reads from now on: hands over each message, or the reason why what came is none, after which nothing is read. */
  listen(onMessage: (message: unknown) => void, onFault: (fault: UnreadableMessageError) => void): void {
    this.#stream.on('data', (chunk: Uint8Array) => {
      try {
        this.#read(chunk, onMessage);
      } catch (error) {
        if (!(error instanceof UnreadableMessageError)) throw error;
        this.close();
        onFault(error);
      }
    });
  }

  /** Sends a message; it is dropped if the channel is closed. */
  send(message: object): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  /** Closes the channel; the other end sees it. */
  close(): void {
    this.#stream.destroy();
  }

  onClose(closed: () => void): void {
    this.#stream.once('close', closed);
  }

  #read(chunk: Uint8Array, onMessage: (message: unknown) => void): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1 && this.isOpen; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at));
      const text = Buffer.concat(this.#parts).toString('utf8');
      this.#parts = [];
      this.#length = 0;
      from = at + 1;
      onMessage(parse(text));
    }
    this.#keep(chunk.subarray(from));
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) {
      this.#parts = [];
      throw new UnreadableMessageError(`a message of more than ${this.#maxBytes} bytes`);
    }
    if (part.length > 0) this.#parts.push(part);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableMessageError('a message that is no JSON');
  }
}
