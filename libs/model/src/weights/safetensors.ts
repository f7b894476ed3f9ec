import { z } from 'zod';
import type { WeightArray, Weights } from './weights.js';

const LENGTH_BYTES = 8;
const FLOAT_BYTES = 4;

/** The format allows 100 MB; the header of any model here is far smaller. */
const MAX_HEADER_BYTES = 100_000_000;

/** `safetensors_invalid`: bytes that are not a safetensors file of float32 arrays. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  readonly code = 'safetensors_invalid';
}

const whole = z.int().min(0);
const entry = z.strictObject({ dtype: z.string(), shape: z.array(whole), data_offsets: z.tuple([whole, whole]) });
const header = z.looseObject({ __metadata__: z.record(z.string(), z.string()).optional() });

/**
 * Weights as a safetensors file: the header's length as 8 bytes little-endian, the header in JSON padded with spaces to
 * a multiple of 8 bytes, then the arrays one after another. https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors(weights: Weights): Uint8Array {
  let end = 0;
  const entries = [...weights].map(([name, { shape, values }]) => {
    const start = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const padding = Buffer.alloc((LENGTH_BYTES - (json.length % LENGTH_BYTES)) % LENGTH_BYTES, ' ');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  const arrays = [...weights.values()].map(({ values }) => bytesOf(values));
  return Buffer.concat([length, json, padding, ...arrays]);
}

/** Reads what {@link writeSafetensors} writes, of any writer; throws {@link SafetensorsError} on anything doubtful. */
export function readSafetensors(bytes: Uint8Array): Weights {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < LENGTH_BYTES) fail(`the file has ${buffer.length} bytes, less than a header's length takes`);
  const headerBytes = Number(buffer.readBigUInt64LE());
  const start = LENGTH_BYTES + headerBytes;
  if (headerBytes > MAX_HEADER_BYTES || start > buffer.length) {
    fail(`its header claims ${headerBytes} bytes of a file of ${buffer.length}`);
  }
  const data = buffer.subarray(start);
  const weights = new Map<string, WeightArray>();
  let expectedStart = 0;
  for (const [name, { dtype, shape, data_offsets: offsets }] of readEntries(buffer.subarray(LENGTH_BYTES, start))) {
    const sizeBytes = shape.reduce((product, size) => product * size, FLOAT_BYTES);
    if (dtype !== 'F32') fail(`${name} is of type ${dtype}; only F32 is read`);
    if (offsets[0] !== expectedStart) fail(`${name} starts at byte ${offsets[0]}, not at ${expectedStart}`);
    if (offsets[1] - offsets[0] !== sizeBytes) {
      fail(`${name} has ${offsets[1] - offsets[0]} bytes, but its shape [${shape.join(', ')}] takes ${sizeBytes}`);
    }
    if (offsets[1] > data.length) fail(`${name} ends at byte ${offsets[1]}, but there are ${data.length}`);
    weights.set(name, { shape, values: floatsOf(data.subarray(...offsets)) });
    expectedStart = offsets[1];
  }
  if (expectedStart !== data.length) fail(`${data.length - expectedStart} bytes at its end belong to no array`);
  return weights;
}

/** The header's arrays in the order of their bytes. */
function readEntries(json: Buffer): [string, z.output<typeof entry>][] {
  try {
    const { __metadata__: _, ...arrays } = header.parse(JSON.parse(json.toString('utf8')));
    return Object.entries(z.record(z.string(), entry).parse(arrays)).sort(
      ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
    );
  } catch (error) {
    return fail(`its header cannot be read: ${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}`);
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A copy, for the bytes may lie where no float32 may. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length / FLOAT_BYTES);
  bytesOf(values).set(bytes);
  return values;
}

function fail(what: string): never {
  throw new SafetensorsError(`Not a safetensors file of weights: ${what}.`);
}
