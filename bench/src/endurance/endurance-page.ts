import type { Machine } from '../machine.js';
import { markdownTable } from '../markdown.js';
import type { EnduranceLoad, Look } from './endurance-run.js';

/** The page of the benchmark in Markdown. */
export function endurancePage({
  machine,
  load,
  looks,
}: {
  machine: Machine;
  load: EnduranceLoad;
  looks: readonly Look[];
}): string {
  const programs = looks.at(-1)!.processes.map(({ program }) => program);
  const rows = looks.map(({ generateJobs, processes }) => [
    generateJobs.toLocaleString('en'),
    ...programs.map((program) => {
      const process = processes.find((each) => each.program === program);
      return process ? `${Math.round(process.residentBytes / 2 ** 20)} (${process.openFiles})` : '–';
    }),
  ]);
  const jobs = `${load.generateJobs.toLocaleString('en')} generate jobs and ${load.trainJobs} train jobs`;
  const paragraphs = [
    '# Memory over many jobs',
    'One run of one command wrote this page, and nobody edits it:',
    '```sh\nnpm run bench -- endurance\n```',
    `A stack with one worker and ${load.models} models does ${jobs}, of which ${load.followers.toLocaleString('en')} are followed by their events. A curve that levels off is a heap that found its size; one that climbs on would be a leak. Valkey holds the records of all finished jobs, so it grows with them until \`MAX_FINISHED_JOBS\`.`,
    '![Resident memory of each process over the jobs done](benchmarks-endurance.svg)',
    'Resident memory in MiB, and in brackets the open files and sockets, after the jobs of the first column:',
    markdownTable(['jobs', ...programs], rows),
    markdownTable(['', ''], [...machine]),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}
