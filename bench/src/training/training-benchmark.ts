import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { inspectText } from '@glyphmill/data';
import type { Figure } from '../figure.js';
import { describeMachine, describePyTorch } from '../machine.js';
import type { Section } from '../section.js';
import { agreement } from './agreement.js';
import { benchmarksPage } from './benchmarks-page.js';
import { bigram } from './bigram.js';
import { quality } from './quality.js';
import { stepTime } from './step-time.js';
import { QUICK, type TrainingSetup, WHOLE } from './training-setup.js';
import { whereTimeGoes } from './where-time-goes.js';
import { wholeRoad } from './whole-road.js';

/** The parts by the names that `--only` takes, in the page's order. */
const PARTS: Readonly<Record<string, (setup: TrainingSetup) => Promise<Section>>> = {
  step: stepTime,
  time: whereTimeGoes,
  agreement,
  quality,
  bigram,
  road: wholeRoad,
};

export interface TrainingBenchmarkOptions {
  text: string;
  python: string;
  /** Everything tiny: the figures say nothing. */
  quick: boolean;
  /** One part alone, by its name. */
  only: string | undefined;
  /** Where the page goes; undefined: nowhere. */
  page: string | undefined;
}

/** Training beside PyTorch: speed, memory, agreement and quality of a GPT, the bigram model, and the road over HTTP. */
export async function trainingBenchmark(
  { text, python, quick, only, page }: TrainingBenchmarkOptions,
  say: (line: string) => void,
): Promise<Figure[]> {
  const names = Object.keys(PARTS);
  if (only !== undefined && !names.includes(only)) throw new Error(`--only is ${only}; it can be ${names.join(', ')}`);
  const peer = await describePyTorch(python);
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-bench-'));
  try {
    const setup: TrainingSetup = { textFile: text, python, extent: quick ? QUICK : WHOLE, folder, say };
    const sections: Section[] = [];
    for (const [name, measure] of Object.entries(PARTS)) {
      if (only === undefined || only === name) sections.push(await measure(setup));
    }
    if (page !== undefined) {
      const machine = [...(await describeMachine()), ...peer];
      const options = `${quick ? ' --quick' : ''}${only === undefined ? '' : ` --only ${only}`}`;
      const command = `npm run bench -- training --text ${basename(text)} --python PYTHON${options}`;
      writeFileSync(page, benchmarksPage({ machine, command, text: await textInWords(text), sections }));
      say(`wrote ${page}`);
    }
    return sections.flatMap(({ figures }) => figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function textInWords(file: string): Promise<string> {
  const { characters, vocabularySize } = await inspectText(createReadStream(file));
  return `${basename(file)}: ${characters.toLocaleString('en')} characters, ${vocabularySize} of them distinct`;
}
