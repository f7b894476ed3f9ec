import { expect, test } from 'vitest';
import { benchmarksPage } from './benchmarks-page.js';

test('the page has the machine, the command, and a paragraph and a table a section', () => {
  const figure = { figure: 'gpt step, beside a peer', threads: 2, batch: 12, unit: 'ms', ours: 20, peer: 40, ratio: 2 };
  const page = benchmarksPage({
    machine: [['Processor', 'a fast one']],
    text: 'a text of 10 characters',
    command: 'npm run bench -- training',
    sections: [{ title: 'A step', about: 'Ours beside a peer.', figures: [figure] }],
  });
  expect(page).toContain('| Processor | a fast one |\n| Text | a text of 10 characters |');
  expect(page).toContain('```sh\nnpm run bench -- training\n```');
  expect(page).toContain(
    '## A step\n\nOurs beside a peer.\n\n| figure | threads | batch | unit | ours | peer | ratio |\n' +
      '| --- | ---: | ---: | --- | ---: | ---: | ---: |\n' +
      '| gpt step, beside a peer | 2 | 12 | ms | 20.000 | 40.000 | 2.00× |\n',
  );
});
