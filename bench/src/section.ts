import type { Figure } from './figure.js';

/** One part of a benchmark: what is compared with what, in a paragraph or two, and the figures. */
export interface Section {
  title: string;
  about: string;
  figures: Figure[];
}
