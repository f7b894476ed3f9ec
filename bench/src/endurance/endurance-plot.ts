import { linePlot } from '../line-plot.js';
import type { Look } from './endurance-run.js';

/** What each process holds over the jobs done, as SVG. */
export async function endurancePlot(looks: readonly Look[]): Promise<string> {
  return await linePlot({
    x: { field: 'jobs', title: 'generate jobs done' },
    y: { field: 'mebibytes', title: 'resident memory, MiB', zero: true },
    series: 'program',
    order: ['api', 'worker', 'generation-engine', 'valkey-server'],
    values: looks.flatMap(({ generateJobs, processes }) =>
      processes.map(({ program, residentBytes }) => ({
        program,
        jobs: generateJobs,
        mebibytes: residentBytes / 2 ** 20,
      })),
    ),
  });
}
