// Markdown as dprint writes it: lines of at most 120 columns, filled. `npm run format` writes it, this check compares.
import { readFileSync } from 'node:fs';
import { createFromBuffer } from '@dprint/formatter';
import { getPath } from '@dprint/markdown';

const formatter = createFromBuffer(readFileSync(getPath()));
formatter.setConfig(
  { lineWidth: 120 },
  {
    textWrap: 'always',
    emphasisKind: 'asterisks',
    'table.cellPadding': 'space',
    'codeBlock.skipFormat': true,
  },
);

/** The text of a Markdown file as it should be. */
export const formatted = ({ path, text }) => formatter.formatText({ filePath: path, fileText: text });

export const isMarkdown = ({ path }) => path.endsWith('.md');

/** @type {import('./run.mjs').Check} */
export default {
  name: 'markdown',
  find: (files) =>
    files
      .filter(isMarkdown)
      .filter((file) => formatted(file) !== file.text)
      .map(({ path }) => `${path}: is not formatted; npm run format does it`),
  faults: [
    [{ path: 'a.md', text: '#  Title\n' }],
    [{ path: 'a.md', text: `${'word '.repeat(40)}end\n` }],
    [{ path: 'a.md', text: '* a list\n' }],
  ],
  sound: [[{ path: 'a.md', text: '# Title\n\nA *word*.\n\n| a | b |\n| - | - |\n| longer | c |\n' }]],
};
