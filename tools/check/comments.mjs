// A doc comment is a sentence that can be read alone: it names its subject instead of leaning on the line before it.
import { lineAt } from './files.mjs';

/** Words that begin a comment which only makes sense after another one. */
const LEANING = ['Of', 'The same', 'Such', 'Whose', 'As', 'Also', 'And', 'But', 'Or', 'Same', 'Ditto', 'Likewise'];

const DOC_COMMENT = new RegExp(`/\\*\\*\\s+(?:\\*\\s+)?(${LEANING.join('|')})\\b`, 'g');
const FILE_COMMENT = new RegExp(`^(?:#!.*\\n)?(?://|/\\*|#)\\s*(${LEANING.join('|')})\\b`, 'g');

/** Apart, so that this file's own faults are none of its comments. */
const DOC = '/**';

/** @type {import('./run.mjs').Check} */
export default {
  name: 'comments',
  find: (files) =>
    files
      .filter(({ path }) => /\.(ts|tsx|mts|mjs|css|wgsl|py)$/.test(path))
      .flatMap(({ path, text }) =>
        [...text.matchAll(DOC_COMMENT), ...text.matchAll(FILE_COMMENT)].map(
          (match) =>
            `${path}:${lineAt(text, match.index)}: the comment begins with “${match[1]}”; say what it is about first`,
        ),
      ),
  faults: [
    [{ path: 'src/a.ts', text: `// Adds.\n${DOC} Of the same shape. */\nexport const a = 1;\n` }],
    [{ path: 'src/a.ts', text: `${DOC}\n * The same for columns.\n */\nexport const a = 1;\n` }],
    [{ path: 'shaders/a.wgsl', text: '// The same as b.wgsl by a group.\n' }],
  ],
  sound: [
    [{ path: 'src/a.ts', text: '// Offers.\n/** Offsets of rows. */\n/** Assembles. */\nexport const a = 1;\n' }],
  ],
};
