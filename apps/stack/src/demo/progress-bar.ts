import { SingleBar } from 'cli-progress';

/** A bar of the demo; `format` is cli-progress's. Where the output is no terminal it is one line every two seconds. */
export function progressBar(format: string): SingleBar {
  return new SingleBar({
    format,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2000,
    linewrap: false,
    stream: process.stdout,
  });
}
