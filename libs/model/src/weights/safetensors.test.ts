import { expect, test } from 'vitest';
import { readSafetensors, SafetensorsError, writeSafetensors } from './safetensors.js';

const weights = new Map([
  ['table', { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, 1e-30, 6) }],
  ['bias', { shape: [1], values: Float32Array.of(7) }],
]);

/** A file with this header over `dataBytes` zeros. */
function file(header: string, dataBytes = 0): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

test('what was written is read again', () => {
  expect(readSafetensors(writeSafetensors(weights))).toEqual(weights);
});

test('the bytes are those of the format', () => {
  const bytes = Buffer.from(writeSafetensors(weights));
  const headerBytes = Number(bytes.readBigUInt64LE());
  expect(headerBytes % 8).toBe(0);
  expect(JSON.parse(bytes.subarray(8, 8 + headerBytes).toString())).toEqual({
    __metadata__: { format: 'pt' },
    table: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    bias: { dtype: 'F32', shape: [1], data_offsets: [24, 28] },
  });
  expect(bytes.length).toBe(8 + headerBytes + 28);
  expect(bytes.readFloatLE(8 + headerBytes + 8)).toBe(3.5);
});

test('arrays may be listed in any order', () => {
  const header = {
    b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
    a: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
  };
  expect([...readSafetensors(file(JSON.stringify(header), 8)).keys()]).toEqual(['a', 'b']);
});

test('a part of the file that does not start at a multiple of 4 bytes is read', () => {
  const shifted = Buffer.concat([Buffer.alloc(1), writeSafetensors(weights)]);
  expect(readSafetensors(shifted.subarray(1))).toEqual(weights);
});

test.each([
  ['an empty file', Buffer.alloc(0), /0 bytes/],
  ['a header that is longer than the file', file('{}').fill(255, 0, 2), /claims 65535 bytes/],
  ['a header that is no JSON', file('{"a'), /header cannot be read/],
  ['an array without a shape', file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), /shape/],
  ['another type', file('{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4), /a is of type F16; only F32/],
  [
    'offsets that do not fit the shape',
    file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
    /has 4 bytes, but its shape \[2\] takes 8/,
  ],
  ['a gap', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8), /starts at byte 4, not at 0/],
  [
    'too few bytes',
    file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4),
    /ends at byte 8, but there are 4/,
  ],
  [
    'bytes that belong to no array',
    file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 5),
    /1 bytes at its end/,
  ],
])('%s is refused with what is wrong', (_, bytes, message) => {
  const read = () => readSafetensors(bytes);
  expect(read).toThrow(SafetensorsError);
  expect(read).toThrow(message);
});
