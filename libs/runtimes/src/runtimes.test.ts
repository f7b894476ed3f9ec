import { existsSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { engineEnvironment, findRuntimes } from './runtimes.ts';

describe('findRuntimes', () => {
  it('findRuntimes finds what the setup of this checkout has put in place', () => {
    const { valkeyServer, tensorflow } = findRuntimes();
    expect(existsSync(valkeyServer)).toBe(true);
    expect(tensorflow.version).toBe('2.21.0');
  });
});

describe('engineEnvironment', () => {
  it('engineEnvironment is empty without CUDA', () => {
    expect(engineEnvironment({ libraryFolders: [], cudaFolder: null }, { XLA_FLAGS: '--a' })).toEqual({});
  });

  it('engineEnvironment adds the CUDA libraries before what is inherited', () => {
    const cuda = { libraryFolders: ['/cublas/lib', '/cudnn/lib'], cudaFolder: '/nvcc' };
    expect(engineEnvironment(cuda, { LD_LIBRARY_PATH: '/mine', XLA_FLAGS: '--a' })).toEqual({
      LD_LIBRARY_PATH: '/cublas/lib:/cudnn/lib:/mine',
      XLA_FLAGS: '--a --xla_gpu_cuda_data_dir=/nvcc',
    });
    expect(engineEnvironment(cuda, {}).LD_LIBRARY_PATH).toBe('/cublas/lib:/cudnn/lib');
  });
});
