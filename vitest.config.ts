import { defineConfig } from 'vitest/config';

// Read by TensorFlow's library when it is loaded: warnings and errors only. Test processes inherit it.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';

// Read by ONNX Runtime: else it reports what the tests do to its maker.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

export default defineConfig({
  resolve: { conditions: ['glyphmill-source'] },
  ssr: { resolve: { conditions: ['glyphmill-source', 'node'] } },
  test: {
    include: ['{libs,apps,scripts,bench,chaos}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    execArgv: ['--import', new URL('scripts/source-imports.mjs', import.meta.url).href],
    maxWorkers: 2,
    // No test depends on how fast a machine is: this only ends one that hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
