import type { Machine } from '../machine.js';
import { markdownTable } from '../markdown.js';
import { type Section, sectionParagraphs } from '../section.js';

export interface GenerationPage {
  machine: Machine;
  /** What was typed. */
  command: string;
  sections: readonly Section[];
}

/** The page of the generation benchmark in Markdown: all of it comes from one run. */
export function generationPage({ machine, command, sections }: GenerationPage): string {
  const paragraphs = [
    '# Benchmarks: generation',
    'One run of one command wrote this page, and nobody edits it:',
    `\`\`\`sh\n${command}\n\`\`\``,
    'Ours and the peer ran in turn on the same machine, so that the ratios can be trusted more than the times. A ratio above 1 means ' +
      'that ours is better.',
    markdownTable(['', ''], [...machine]),
    ...sections.flatMap((section) => sectionParagraphs(section)),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}
