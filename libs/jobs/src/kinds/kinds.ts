import { jobKind, type JobKind } from '@glyphmill/contract';
import type { Lane } from '../records/lane.js';
import { generateKind } from './generate.js';
import type { Kind } from './kind.js';
import { trainKind } from './train.js';

const KINDS: { [Name in JobKind]: Kind<Name> } = { train: trainKind, generate: generateKind };

/** What a kind of jobs does in its own way. */
export function kindNamed<Name extends JobKind>(name: Name): Kind<Name> {
  return KINDS[name];
}

/** The lanes in which the jobs of a kind wait. */
export function lanesOf(kind: JobKind): readonly Lane[] {
  return KINDS[kind].lanes;
}

/** The kind of the jobs that wait in a lane. */
export function kindOfLane(lane: Lane): JobKind {
  return jobKind.options.find((kind) => KINDS[kind].lanes.includes(lane))!;
}
