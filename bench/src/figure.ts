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

/** Prints figures: one JSON object a line, or a table. */
export function printFigures(figures: Figure[], asJson: boolean): void {
  if (asJson) {
    for (const figure of figures) console.log(JSON.stringify(figure));
    return;
  }
  const rows = figures.map(({ figure, threads, batch, unit, ours, peer, ratio }) => [
    figure,
    String(threads),
    String(batch),
    unit,
    ours.toPrecision(5),
    peer.toPrecision(5),
    `${ratio.toFixed(2)}×`,
  ]);
  const table = [['figure', 'threads', 'batch', 'unit', 'ours', 'peer', 'ratio'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
}

/** The middle of the values. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
