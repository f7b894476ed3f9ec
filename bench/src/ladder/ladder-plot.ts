import { linePlot } from '../line-plot.js';
import type { Rung } from './rung.js';

/** The validation loss of each kind on its way, over the tokens seen: one plot, as SVG. */
export async function ladderPlot(rungs: readonly Rung[]): Promise<string> {
  return await linePlot({
    x: { field: 'tokens', title: 'tokens seen' },
    y: { field: 'validationLoss', title: 'validation loss, nats per token', zero: false },
    series: 'kind',
    order: rungs.map(({ kind }) => kind),
    values: rungs.flatMap(({ kind, curve }) => curve.map((point) => ({ kind, ...point }))),
  });
}
