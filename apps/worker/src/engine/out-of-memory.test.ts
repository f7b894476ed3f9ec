import { expect, test } from 'vitest';
import { memoryComplaint } from './out-of-memory.js';

test.each([
  'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[1048576,2097152] and type float by allocator cpu',
  'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  'Array buffer allocation failed',
  "terminate called after throwing an instance of 'std::bad_alloc'",
  'Non-zero status code returned while running MatMul node. Failed to allocate memory for requested buffer of size 8',
  'CUDA failure 2: out of memory ; GPU=0',
  'could not create a cuBLAS handle: CUBLAS_STATUS_ALLOC_FAILED',
])('%s is a complaint about memory', (words) => {
  expect(memoryComplaint(`before\n${words}\nafter`)).toBe(words.split('\n')[0]);
});

test.each(['no such tensor', 'Allocation of 8796093022208 exceeds 10% of free system memory.', ''])(
  '%o is none',
  (words) => {
    expect(memoryComplaint(words)).toBeUndefined();
  },
);
