import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Figure } from '../figure.js';
import { describeMachine, describePyTorch } from '../machine.js';
import type { Section } from '../section.js';
import { sectionsPage } from '../sections-page.js';
import { bigramBesidePyTorch, gptBesidePyTorch } from './beside-pytorch.js';
import { device as devices } from './generation-report.js';
import { generationRoad } from './generation-road.js';
import { type GenerationSetup, QUICK, WHOLE } from './generation-setup.js';
import { streamedText } from './streamed-text.js';

/** The parts by the names that `--only` takes, in the page's order. */
const PARTS: Readonly<Record<string, (setup: GenerationSetup) => Promise<Section>>> = {
  gpt: gptBesidePyTorch,
  bigram: bigramBesidePyTorch,
  road: generationRoad,
  stream: streamedText,
};

/** Those that are measured without a peer. */
export const PARTS_WITHOUT_PEER: readonly (string | undefined)[] = ['road', 'stream'];

export interface GenerationBenchmarkOptions {
  text: string;
  /** Of no use to a part without a peer. */
  python: string;
  /** What both sides generate on beside PyTorch. */
  device: string;
  /** Everything tiny: the figures say nothing. */
  quick: boolean;
  /** One part alone, by its name. */
  only: string | undefined;
  /** Where the page goes; undefined: nowhere. */
  page: string | undefined;
}

/**
 * Generation beside PyTorch (tokens per second, time to the first token, memory), a job over HTTP beside the bare engine, and
 * a streamed text as its reader sees it.
 */
export async function generationBenchmark(
  { text, python, device: given, quick, only, page }: GenerationBenchmarkOptions,
  say: (line: string) => void,
): Promise<Figure[]> {
  const names = Object.keys(PARTS);
  if (only !== undefined && !names.includes(only)) throw new Error(`--only is ${only}; it can be ${names.join(', ')}`);
  const device = deviceOf(given);
  const peer = PARTS_WITHOUT_PEER.includes(only) ? [] : await describePyTorch(python);
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-bench-'));
  try {
    const setup: GenerationSetup = { textFile: text, python, extent: quick ? QUICK : WHOLE, device, folder, say };
    const sections: Section[] = [];
    for (const [name, measure] of Object.entries(PARTS)) {
      if (only === undefined || only === name) sections.push(await measure(setup));
    }
    if (page !== undefined) {
      const machine = [...(await describeMachine()), ...peer];
      const options = `${device === 'cpu' ? '' : ` --device ${device}`}${quick ? ' --quick' : ''}${only === undefined ? '' : ` --only ${only}`}`;
      const command = `npm run bench -- generation --text ${basename(text)} --python PYTHON${options}`;
      writeFileSync(page, sectionsPage({ title: 'Benchmarks: generation', machine, command, sections }));
      say(`wrote ${page}`);
    }
    return sections.flatMap(({ figures }) => figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function deviceOf(given: string): GenerationSetup['device'] {
  const parsed = devices.safeParse(given);
  if (!parsed.success) throw new Error(`--device is ${given}; ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}
