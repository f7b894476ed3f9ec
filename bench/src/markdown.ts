/** A table in Markdown. The columns of numbers stand to the right. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumeric = columns.map((_, column) => rows.every((row) => /^[-–\d]/u.test(row[column] ?? '')));
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(isNumeric.map((numeric) => (numeric ? '---:' : '---'))), ...rows.map(line)].join('\n');
}
