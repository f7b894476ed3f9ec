import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bigramBenchmark } from './bigram/bigram-benchmark.js';
import { type Figure, printFigures } from './figure.js';
import { latencyBenchmark } from './latency/latency-benchmark.js';

const USAGE = `usage: npm run bench -- NAME [options] [--json]
  bigram   --text FILE --python PYTHON   training beside PyTorch: a UTF-8 text, and a Python interpreter with PyTorch
  latency  --url URL                     the api of an idle stack (npm start) while it trains
  --json   one JSON object a figure: {figure, threads, batch, unit, ours, peer, ratio}`;

interface Given {
  text?: string | undefined;
  python?: string | undefined;
  url?: string | undefined;
}

/** `npm run bench -- NAME`: one benchmark, with its peer in the same run. */
async function run(name: string | undefined, { text, python, url }: Given): Promise<Figure[]> {
  const say = (line: string) => console.error(line);
  if (name === 'bigram' && text && python) {
    if (!existsSync(text)) throw new Error(`--text: there is no file ${text}`);
    return await bigramBenchmark({ text, python }, say);
  }
  if (name === 'latency' && url) return await latencyBenchmark({ url }, say);
  throw new Error(USAGE);
}

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      text: { type: 'string' },
      python: { type: 'string' },
      url: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  printFigures(await run(positionals[0], values), values.json);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
