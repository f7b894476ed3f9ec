import '@fastify/multipart';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidRequest } from '../problem/field-errors.js';
import { Problem } from '../problem/problem.js';
import { datasetName } from './dataset.js';

/** A form's boundaries and headers are not part of the text, so a form may be this much longer than the limit. */
const FORM_BYTES = 64 * 1024;

export const uploadQuery = z.strictObject({
  name: datasetName.optional().describe("The dataset's name; otherwise the file's name, otherwise `text`."),
});

interface DatasetUpload {
  name: string;
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * The text in a request: the `file` of a multipart form, or the body itself. Its chunks are read from the connection
 * as they are asked for, and end in the problem `upload_too_large` at the first byte beyond `maxBytes`.
 */
export async function openUpload(
  request: FastifyRequest,
  name: string | undefined,
  maxBytes: number,
): Promise<DatasetUpload> {
  const announcedBytes = Number(request.headers['content-length'] ?? 0);
  if (announcedBytes > maxBytes + (request.isMultipart() ? FORM_BYTES : 0)) throw tooLarge(maxBytes);
  if (!request.isMultipart()) return { name: name ?? 'text', chunks: limited(bodyOf(request), maxBytes) };
  const file = await openFormFile(request, maxBytes);
  return { name: name ?? parseFileName(file.name), chunks: limited(file.stream, maxBytes) };
}

/** The body as it comes; a refusal on the way leaves the connection open for the answer. */
function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return request.raw.iterator({ destroyOnReturn: false });
}

async function openFormFile(request: FastifyRequest, maxBytes: number): Promise<{ name: string; stream: Readable }> {
  // One byte beyond the limit is let through, so that `limited` sees it and refuses.
  const limits = { fileSize: maxBytes + 1, files: 1, fields: 16, fieldSize: 4096 };
  const part = await request.file({ limits, throwFileSizeLimit: false }).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    throw new Problem('malformed_multipart', `The form cannot be read: ${detail}.`, { cause: error });
  });
  if (part?.fieldname !== 'file') {
    part?.file.destroy();
    throw new Problem('missing_file', 'Send the text as the form field `file`, as in `curl -F file=@text.txt`.');
  }
  return { name: part.filename, stream: part.file };
}

function parseFileName(fileName: string): string {
  const parsed = datasetName.safeParse(fileName === '' ? 'text' : fileName);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues, 'filename');
}

async function* limited(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): Problem {
  const detail = `A text may have at most ${maxBytes} bytes (MAX_UPLOAD_BYTES). Send a shorter one.`;
  return new Problem('upload_too_large', detail, { members: { maxBytes } });
}
