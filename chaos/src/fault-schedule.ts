import { RandomStream } from '@glyphmill/data';
import { z } from 'zod';

/** What may go wrong, how often beside the others, and for how long, in milliseconds. */
const FAULTS = {
  'kill worker': { weight: 3, least: 500, most: 3000 },
  'kill engine': { weight: 3, least: 0, most: 0 },
  'kill api': { weight: 2, least: 500, most: 3000 },
  'drain worker': { weight: 3, least: 500, most: 2000 },
  // Longer than its locks last, which is 15 seconds.
  'freeze worker': { weight: 2, least: 17_000, most: 24_000 },
  'kill Valkey': { weight: 1, least: 500, most: 4000 },
  'restart Valkey': { weight: 1, least: 500, most: 4000 },
  'cut connections': { weight: 3, least: 0, most: 0 },
  'stall connections': { weight: 2, least: 1000, most: 20_000 },
} as const;

export type FaultKind = keyof typeof FAULTS;
export const faultKind = z.enum(Object.keys(FAULTS) as [FaultKind, ...FaultKind[]]);

/** A fault that is to come. */
export interface Fault {
  kind: FaultKind;
  /** After the start of the run. */
  atMs: number;
  /** How long it lasts, or what it ended stays away. */
  lastsMs: number;
  /** Which of those that it may strike: a share of their number. */
  target: number;
}

const MEAN_GAP_MS = 5000;

/** The faults of a run, as the seed says; of one kind alone where it is given. */
export function planFaults(lengthMs: number, seed: number, only?: FaultKind): Fault[] {
  const random = new RandomStream(seed, 2);
  const kinds = only === undefined ? faultKind.options : [only];
  const lots = kinds.flatMap((kind) => Array.from({ length: FAULTS[kind].weight }, () => kind));
  const faults: Fault[] = [];
  for (let atMs = MEAN_GAP_MS; atMs < lengthMs; atMs += MEAN_GAP_MS * (0.5 + random.nextFloat())) {
    const kind = lots[random.nextInt(lots.length)]!;
    const { least, most } = FAULTS[kind];
    faults.push({ kind, atMs, lastsMs: least + random.nextFloat() * (most - least), target: random.nextFloat() });
  }
  return faults;
}
