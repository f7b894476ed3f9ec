import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bigramBenchmark } from './bigram/bigram-benchmark.js';
import { enduranceBenchmark } from './endurance/endurance-benchmark.js';
import { type Figure, printFigures } from './figure.js';
import { generationBenchmark, PARTS_WITHOUT_PEER } from './generation/generation-benchmark.js';
import { ladderBenchmark } from './ladder/ladder-benchmark.js';
import { latencyBenchmark } from './latency/latency-benchmark.js';
import { memoryBenchmark } from './memory/memory-benchmark.js';
import { queueBenchmark } from './queue/queue-benchmark.js';
import { trainingBenchmark } from './training/training-benchmark.js';

const USAGE = `usage: npm run bench -- NAME [options] [--json]
  training  --text FILE --python PYTHON   a GPT beside PyTorch: speed, memory, agreement, quality, and the road over HTTP;
                                          writes docs/benchmarks.md
            --only PART                   one of its parts: step, time, agreement, quality, bigram, road; writes no page
  ladder    [--text FILE]                 each kind of model at equal width and budget; by default on Moby Dick; writes
                                          docs/ladder.md and docs/ladder.svg
  generation --text FILE --python PYTHON  generation beside PyTorch with a cache and without (tokens per second, first token,
                                          memory), a job over HTTP beside the bare engine, and a streamed text; writes
                                          docs/benchmarks-generation.md
            --device cuda:0               both sides on a GPU, in the parts gpt and bigram; writes no page
            --only PART                   one of its parts: gpt, bigram, and without --python road, stream; writes no page
  bigram    --text FILE --python PYTHON   a bigram model beside PyTorch
  latency   --url URL                     the API of an idle stack (npm start) while it trains
  queue     [--jobs 100000]                a queue of so many jobs over HTTP: batches beside BullMQ's bulk adding, memory, and
                                          how long lists take; writes docs/benchmarks-queue.md
  endurance                               memory of each process over 20,000 generate and 500 train jobs; writes
                                          docs/benchmarks-endurance.md and its plot
  memory                                  what training runs take at their peak beside what admission estimates, at the corners
                                          of what is allowed; minutes long; writes docs/benchmarks-memory.md
            --only TITLE                  the corners whose title has this in it; writes no page
  --text    a UTF-8 text to train on      --python  a Python interpreter with PyTorch
  --quick   training, ladder, generation and endurance: everything tiny, to see that it runs; writes no page
  --page    training, ladder, generation, queue and endurance: where the page goes, also of a quick run or of a part
  --json    one JSON object per figure: {figure, threads, batch, unit, ours, peer, ratio}`;

/** What is wrong with what was typed. */
class UsageError extends Error {}

interface Given {
  text?: string | undefined;
  python?: string | undefined;
  url?: string | undefined;
  only?: string | undefined;
  page?: string | undefined;
  jobs: string;
  device: string;
  quick: boolean;
}

/** `npm run bench -- NAME`: one benchmark, with its peer in the same run. */
async function run(name: string | undefined, given: Given): Promise<Figure[]> {
  const say = (line: string) => console.error(line);
  const needed = (option: 'text' | 'python' | 'url') => {
    const value = given[option];
    if (value === undefined) throw new UsageError(`${name} needs --${option}\n\n${USAGE}`);
    return value;
  };
  const textFile = (file: string) => {
    if (!existsSync(file)) throw new UsageError(`--text: there is no file ${file}`);
    return file;
  };
  const { quick, only, device } = given;
  const isWhole = !quick && only === undefined && device === 'cpu';
  const page = (standard: string) =>
    given.page ?? (isWhole ? fileURLToPath(new URL(`../../docs/${standard}`, import.meta.url)) : undefined);
  switch (name) {
    case 'training': {
      const options = { text: textFile(needed('text')), python: needed('python'), quick, only };
      return await trainingBenchmark({ ...options, page: page('benchmarks.md') }, say);
    }
    case 'ladder': {
      const text = given.text === undefined ? undefined : textFile(given.text);
      return await ladderBenchmark({ text, quick, page: page('ladder.md') }, say);
    }
    case 'generation': {
      const python = PARTS_WITHOUT_PEER.includes(only) ? '' : needed('python');
      const options = { text: textFile(needed('text')), python, device, quick, only };
      return await generationBenchmark({ ...options, page: page('benchmarks-generation.md') }, say);
    }
    case 'bigram':
      return await bigramBenchmark({ text: textFile(needed('text')), python: needed('python') }, say);
    case 'latency':
      return await latencyBenchmark({ url: needed('url') }, say);
    case 'queue':
      return await queueBenchmark({ jobs: Number(given.jobs), page: page('benchmarks-queue.md') }, say);
    case 'endurance':
      return await enduranceBenchmark({ quick, page: page('benchmarks-endurance.md') }, say);
    case 'memory':
      return await memoryBenchmark({ only, page: page('benchmarks-memory.md') }, say);
    case undefined:
      throw new UsageError(USAGE);
    default:
      throw new UsageError(`there is no benchmark ${name}\n\n${USAGE}`);
  }
}

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      text: { type: 'string' },
      python: { type: 'string' },
      url: { type: 'string' },
      only: { type: 'string' },
      jobs: { type: 'string', default: '100000' },
      device: { type: 'string', default: 'cpu' },
      page: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  printFigures(await run(positionals[0], values), values.json);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
