import { type Figure, FIGURE_COLUMNS, figureCells } from './figure.js';
import { markdownTable } from './markdown.js';

/** One part of a benchmark: what is compared with what, in a paragraph or two, and the figures. */
export interface Section {
  title: string;
  about: string;
  figures: Figure[];
}

/** A section in Markdown: its heading, what is compared, and its table. */
export function sectionParagraphs({ title, about, figures }: Section): string[] {
  const rows = figures.map((figure) => figureCells(figure));
  return [`## ${title}`, about, markdownTable(FIGURE_COLUMNS, rows)];
}
