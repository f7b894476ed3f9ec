import { ArtifactDamagedError } from './errors.js';
import type { ReadOptions, Storage } from './storage.js';

/** More than any description of an artifact takes; a longer file is none. */
const DOCUMENT_BYTES = 2 ** 20;

/**
 * Reads an artifact that is a JSON document and hands it to `parse`, whose error says what is wrong with it. Throws
 * `ArtifactNotFoundError`, {@link ArtifactDamagedError} for what is too long, not UTF-8, not JSON or not what `parse`
 * expects, and the signal's reason.
 */
export async function readDocument<Parsed>(
  storage: Pick<Storage, 'readBytes'>,
  key: string,
  parse: (json: unknown) => Parsed,
  options: ReadOptions = {},
): Promise<Parsed> {
  const bytes = await storage.readBytes(key, { maxBytes: DOCUMENT_BYTES, ...options });
  return parseDocument(key, bytes, parse);
}

/** The JSON document that some bytes are; `name` is what it is called in errors. Throws {@link ArtifactDamagedError}. */
export function parseDocument<Parsed>(name: string, bytes: Uint8Array, parse: (json: unknown) => Parsed): Parsed {
  if (bytes.length === 0) throw new ArtifactDamagedError(name, 'it is empty');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ArtifactDamagedError(name, 'it is not JSON');
  }
  try {
    return parse(json);
  } catch (error) {
    throw new ArtifactDamagedError(
      name,
      `it is not as it should be (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}
