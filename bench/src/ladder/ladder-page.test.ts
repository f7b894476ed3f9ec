import { expect, test } from 'vitest';
import { ladderPage } from './ladder-page.js';
import { ladderPlot } from './ladder-plot.js';
import type { Rung } from './rung.js';

const rung = (kind: Rung['kind'], validationLoss: number): Rung => ({
  kind,
  parameters: 6889,
  steps: 20,
  stepMs: 1.234,
  trainLoss: 2,
  validationLoss,
  bitsPerByte: 3,
  curve: [
    { tokens: 0, validationLoss: 5 },
    { tokens: 1000, validationLoss },
  ],
});
const rungs = [rung('bigram', 3), rung('gpt', 1.5)];

test('the page has a row for each kind, and shows the plot', () => {
  const page = ladderPage({
    machine: [['Processor', 'a fast one']],
    command: 'npm run bench -- ladder',
    text: 'a text',
    plot: 'ladder.svg',
    budget: { steps: 20, batchSize: 12, blockSize: 64, width: 128, threads: 1 },
    rungs,
  });
  expect(page).toContain('20 steps of 12 × 64, 15,360 in all');
  expect(page).toContain('| bigram | 6,889 | 20 | 1.23 | 2.0000 | 3.0000 | 3.0000 |\n| gpt | ');
  expect(page).toContain('](ladder.svg)');
});

test('the plot is an SVG without a background, with a line and a name for each kind', async () => {
  const svg = await ladderPlot(rungs);
  expect(svg).toMatch(/^<svg /u);
  expect(svg).not.toMatch(/<rect[^>]*fill="(?:white|#fff)/u);
  expect(svg.match(/aria-roledescription="line mark"/gu)).toHaveLength(rungs.length);
  for (const { kind } of rungs) expect(svg).toContain(`>${kind}</text>`);
});
