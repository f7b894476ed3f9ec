import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { MIMEType } from 'node:util';
import { Dicer } from '@fastify/busboy';
import { parse as parseDisposition } from 'content-disposition';
import { z } from 'zod';
import { Problem } from '../problem/problem.js';
import { parseMediaType } from './media-type.js';

/** The most that one part may say of itself. */
const PART_HEADERS = { maxHeaderPairs: 32, maxHeaderSize: 16 * 1024 };

/** Codings of a part's content that change nothing. */
const PLAIN_CODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);

const partHeaders = z.record(z.string(), z.array(z.string()));

/** One part of a form. */
export interface FormPart {
  /** The form field's name. */
  name: string;
  fileName: string | undefined;
  type: MIMEType;
  /** Its bytes, which must be read before the next part comes. */
  content: AsyncIterable<Uint8Array>;
}

/**
 * The parts of a multipart form, read from the connection as they are asked for, up to the end of the body. Throws
 * `malformed_multipart` for a body that is not a form, ends before the form does, or has more than `mostBytes`; so does
 * a part's content.
 *
 * Only the form's structure is left to a library: those that read whole forms do not report a part's charset, and skip
 * a part that they cannot name.
 */
export async function* formParts(request: IncomingMessage, mostBytes: number): AsyncGenerator<FormPart> {
  const boundary = parseMediaType(request.headers['content-type'])?.params.get('boundary');
  if (!boundary) throw malformed('its Content-Type has no boundary');
  const form = new OpenForm(boundary, mostBytes);
  form.read(request);
  try {
    for await (const { headers, part } of form.parts) yield describePart(headers, part);
  } finally {
    form.leave(request);
  }
}

/** A form on its way from a connection to its reader. A fault reaches whoever reads: a part's content, or the next part. */
class OpenForm {
  readonly parts = new PassThrough({ objectMode: true, highWaterMark: 1 });
  readonly #dicer: Dicer;
  readonly #mostBytes: number;
  #bytes = 0;
  #current: { part: Readable; hasHeaders: boolean } | undefined;
  #isOver = false;

  constructor(boundary: string, mostBytes: number) {
    this.#dicer = new Dicer({ boundary, ...PART_HEADERS });
    this.#mostBytes = mostBytes;
    // Nobody may be reading when it fails.
    this.parts.on('error', () => undefined);
    this.#dicer.on('part', (part) => this.#begin(part));
    this.#dicer.on('error', (error) => this.#fail(error.message));
    this.#dicer.on('finish', () => {
      this.#checkHeaders();
      this.#isOver = true;
    });
  }

  read(request: IncomingMessage): void {
    request.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#mostBytes) this.#fail(`it has more than ${this.#mostBytes} bytes`);
    });
    request.once('close', () => request.complete || this.#fail('the connection was closed before its end'));
    // The form may be over before the body is, which may still end too early.
    request.once('end', () => {
      if (this.#isOver) this.parts.end();
      else this.#dicer.once('finish', () => this.parts.end());
    });
    // What follows the form is passed over: the pipe, which ends with it, would leave the rest of the body unread.
    this.#dicer.once('finish', () => process.nextTick(() => request.resume()));
    request.pipe(this.#dicer);
  }

  leave(request: IncomingMessage): void {
    request.unpipe(this.#dicer);
    this.#current?.part.destroy();
  }

  #begin(part: Readable): void {
    this.#checkHeaders();
    const current = { part, hasHeaders: false };
    this.#current = current;
    part.on('error', (error) => this.#fail(error.message));
    part.once('header', (headers) => {
      current.hasHeaders = true;
      this.parts.write({ headers, part });
    });
  }

  /** A part without a blank line after its headers is passed over by the library. */
  #checkHeaders(): void {
    if (this.#current?.hasHeaders === false) this.#fail('a part has no blank line after its headers');
  }

  #fail(reason: string): void {
    const problem = malformed(reason);
    this.#current?.part.destroy(problem);
    this.parts.destroy(problem);
  }
}

function describePart(given: unknown, part: Readable): FormPart {
  const headers = partHeaders.parse(given);
  const disposition = headers['content-disposition']?.[0] ?? '';
  const { type, parameters } = parseDisposition(disposition, { multipart: true });
  const { name, filename } = parameters;
  if (type !== 'form-data' || name === undefined) {
    throw malformed('a part has no Content-Disposition: form-data with a name');
  }
  const coding = headers['content-transfer-encoding']?.[0]?.toLowerCase() ?? 'binary';
  if (!PLAIN_CODINGS.has(coding)) {
    throw malformed(`a part has Content-Transfer-Encoding: ${coding}; send its bytes as they are`);
  }
  return {
    name: textOf(name),
    fileName: filename === undefined ? undefined : textOf(filename),
    type: parseMediaType(headers['content-type']?.[0]) ?? new MIMEType('text/plain'),
    content: contentOf(part),
  };
}

async function* contentOf(part: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* part;
  } catch (error) {
    throw error instanceof Problem ? error : malformed(error instanceof Error ? error.message : String(error));
  }
}

/** A browser sends names in UTF-8, and the library returns headers with one character for each byte. */
function textOf(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) && bytes.toString('latin1') === header ? bytes.toString() : header;
}

function malformed(reason: string): Problem {
  return new Problem('malformed_multipart', `The form cannot be read: ${reason}.`);
}
