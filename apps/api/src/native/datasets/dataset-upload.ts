import { givenName } from '@glyphmill/contract';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type FormPart, formParts } from '../../http/form-parts.js';
import { checkCharset, parseMediaType } from '../../http/media-type.js';
import { invalidRequest } from '../../problem/field-errors.js';
import { Problem } from '../../problem/problem.js';

/** A form's boundaries and headers are not part of the text, so a form may be this much longer than the limit. */
const FORM_BYTES = 64 * 1024;

const REMEDY = 'Send the text as the form field `file`, as in `curl -F file=@text.txt`.';

export const uploadQuery = z.strictObject({
  name: givenName.optional().describe("The dataset's name; otherwise the file's name, otherwise `text`."),
});

interface DatasetUpload {
  name: string;
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * The text in a request: the `file` of a multipart form, or the body itself. Its chunks are read from the connection
 * as they are asked for, and end in a problem at the first byte beyond `maxBytes`, and if the body does not end as it
 * should.
 */
export async function openUpload(
  { raw }: FastifyRequest,
  name: string | undefined,
  maxBytes: number,
): Promise<DatasetUpload> {
  const isForm = parseMediaType(raw.headers['content-type'])?.essence === 'multipart/form-data';
  const announcedBytes = Number(raw.headers['content-length'] ?? 0);
  if (announcedBytes > maxBytes + (isForm ? FORM_BYTES : 0)) throw tooLarge(maxBytes);
  // A refusal on the way leaves the connection open for the answer.
  if (!isForm) return { name: name ?? 'text', chunks: limited(raw.iterator({ destroyOnReturn: false }), maxBytes) };
  const parts = formParts(raw, maxBytes + FORM_BYTES);
  try {
    const { value: file } = await parts.next();
    if (!file) throw new Problem('missing_file', `The form is empty. ${REMEDY}`);
    checkFile(file);
    return { name: name ?? parseFileName(file.fileName), chunks: limited(onlyFile(file, parts), maxBytes) };
  } catch (error) {
    await parts.return(undefined);
    throw error;
  }
}

/** The file's bytes, once it is known that nothing follows in the form which would be lost. */
async function* onlyFile(file: FormPart, parts: AsyncIterable<FormPart>): AsyncGenerator<Uint8Array> {
  yield* file.content;
  for await (const { name } of parts) {
    const message = name === 'file' ? 'a request makes one dataset; send each file in one of its own' : unknown(name);
    throw invalidRequest([{ message }], name);
  }
}

function checkFile({ name, type }: FormPart): void {
  if (name !== 'file') throw invalidRequest([{ message: unknown(name) }], name);
  checkCharset(type, 'The file');
}

function unknown(name: string): string {
  const remedy = name === 'name' ? 'Give the name in the query, as in `?name=letters`.' : REMEDY;
  return `this field is not known. ${remedy}`;
}

/** The name that a file's path ends in; some browsers send the path. */
function parseFileName(path = ''): string {
  const parsed = givenName.safeParse(path.split(/[\\/]/u).at(-1) || 'text');
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
