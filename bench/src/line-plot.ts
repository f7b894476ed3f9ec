import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Readable on white and on a dark page: the plot has no background of its own. */
const INK = '#7d858f';
const COLOURS = ['#c98500', '#1a9e8f', '#4f8ef0', '#b266d9', '#e0554f'];

interface LinePlot {
  x: { field: string; title: string };
  y: { field: string; title: string; zero: boolean };
  /** The field that says which line a value belongs to. */
  series: string;
  /** The lines, in the order of the legend. */
  order: string[];
  values: Record<string, string | number>[];
}

/** One line per series, as SVG. */
export async function linePlot({ x, y, series, order, values }: LinePlot): Promise<string> {
  const spec: TopLevelSpec = {
    width: 640,
    height: 360,
    background: 'transparent',
    padding: 8,
    data: { values },
    mark: { type: 'line', strokeWidth: 2 },
    encoding: {
      x: { field: x.field, type: 'quantitative', title: x.title, axis: { format: '~s' } },
      y: { field: y.field, type: 'quantitative', title: y.title, scale: { zero: y.zero } },
      color: {
        field: series,
        type: 'nominal',
        sort: order,
        scale: { domain: order, range: COLOURS },
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
      legend: { labelColor: INK, labelFontSize: 13, labelLimit: 0 },
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
