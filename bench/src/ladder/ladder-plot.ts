import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Rung } from './rung.js';

/** Readable on white and on a dark page: the plot has no background of its own. */
const INK = '#7d858f';
const COLOURS = ['#c98500', '#1a9e8f', '#4f8ef0', '#b266d9', '#e0554f'];

/** The validation loss of each kind on its way, over the tokens seen: one plot, as SVG. */
export async function ladderPlot(rungs: readonly Rung[]): Promise<string> {
  const kinds = rungs.map(({ kind }) => kind);
  const values = rungs.flatMap(({ kind, curve }) => curve.map((point) => ({ kind, ...point })));
  const spec: TopLevelSpec = {
    width: 640,
    height: 360,
    background: 'transparent',
    padding: 8,
    data: { values },
    mark: { type: 'line', strokeWidth: 2 },
    encoding: {
      x: { field: 'tokens', type: 'quantitative', title: 'tokens seen', axis: { format: '~s' } },
      y: {
        field: 'validationLoss',
        type: 'quantitative',
        title: 'validation loss, nats a token',
        scale: { zero: false },
      },
      color: {
        field: 'kind',
        type: 'nominal',
        sort: kinds,
        scale: { domain: kinds, range: COLOURS },
        legend: { title: null },
      },
    },
    config: {
      font: 'system-ui, sans-serif',
      axis: {
        labelColor: INK,
        titleColor: INK,
        domainColor: INK,
        tickColor: INK,
        gridColor: INK,
        gridOpacity: 0.25,
        labelFontSize: 12,
      },
      legend: { labelColor: INK, labelFontSize: 13 },
      view: { stroke: null },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
