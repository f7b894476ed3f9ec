/** One measured figure beside the peer's of the same run. A ratio above 1 means that ours is better. */
export interface Figure {
  figure: string;
  threads: number;
  batch: number;
  unit: string;
  ours: number;
  peer: number;
  ratio: number;
}

/** What a figure is of. */
export type FigureAbout = Pick<Figure, 'figure' | 'threads' | 'batch' | 'unit'>;

/** The medians of both sides, of something of which less is better. */
export function lessIsBetter(about: FigureAbout, ours: number[], peer: number[]): Figure {
  const [mine, theirs] = [median(ours), median(peer)];
  return { ...about, ours: mine, peer: theirs, ratio: theirs / mine };
}

/** The medians of both sides, of something of which more is better. */
export function moreIsBetter(about: FigureAbout, ours: number[], peer: number[]): Figure {
  const { ours: mine, peer: theirs, ratio } = lessIsBetter(about, ours, peer);
  return { ...about, ours: mine, peer: theirs, ratio: 1 / ratio };
}

/** The heads of a table of figures. */
export const FIGURE_COLUMNS = ['figure', 'threads', 'batch', 'unit', 'ours', 'peer', 'ratio'];

/** A figure as the cells of a table's row. */
export function figureCells({ figure, threads, batch, unit, ours, peer, ratio }: Figure): string[] {
  return [figure, String(threads), String(batch), unit, significant(ours), significant(peer), `${ratio.toFixed(2)}×`];
}

/** Prints figures: one JSON object per line, or a table. */
export function printFigures(figures: Figure[], asJson: boolean): void {
  if (asJson) {
    for (const figure of figures) console.log(JSON.stringify(figure));
    return;
  }
  const table = [FIGURE_COLUMNS, ...figures.map((figure) => figureCells(figure))];
  const widths = FIGURE_COLUMNS.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
}

/** The middle of the values. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** At most five digits that count, without an exponent if none is needed. */
function significant(value: number): string {
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5 ? value.toPrecision(5) : value.toExponential(2);
}
