import type { Machine } from './machine.js';
import { markdownTable } from './markdown.js';
import { type Section, sectionParagraphs } from './section.js';

export interface SectionsPage {
  title: string;
  machine: Machine;
  /** What was typed. */
  command: string;
  sections: readonly Section[];
}

/** The page of a benchmark in Markdown: all of it comes from one run. */
export function sectionsPage({ title, machine, command, sections }: SectionsPage): string {
  const paragraphs = [
    `# ${title}`,
    'One run of one command wrote this page, and nobody edits it:',
    `\`\`\`sh\n${command}\n\`\`\``,
    'Ours and the peer ran in turn on the same machine, so that the ratios can be trusted more than the times. A ratio above 1 means ' +
      'that ours is better.',
    markdownTable(['', ''], [...machine]),
    ...sections.flatMap((section) => sectionParagraphs(section)),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}
