// No file has more than 400 lines, but for those that are one list: a reader keeps a file of that size in mind.

const MOST = 400;

/** Files that may be longer, each with its reason. A file that got short enough has to leave this list. */
const LONGER = {
  'e2e/imports.spec.ts': 'one model goes through all of its tests, which take minutes to make it again',
  'src/engine/imports/import.test.ts': 'one list of faults around one small model',
  'src/engine/training/trainings.test.ts': 'one list of what can happen to a run',
  'src/headless/cli.test.ts': 'one list of commands and their refusals',
  'src/model/train/trainer.gpu.test.ts': 'one list of what a trainer has to repeat to the bit',
  'tools/golden/chat_template_sources.py': 'a catalogue of published templates',
};

const isCode = (path) => /\.(ts|tsx|mts|mjs|css|wgsl|py|md|html)$/.test(path);
const linesOf = (text) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

/** @type {import('./run.mjs').Check} */
export default {
  name: 'lengths',
  find: (files) =>
    files
      .filter(({ path }) => isCode(path))
      .flatMap(({ path, text }) => {
        const lines = linesOf(text);
        if (lines > MOST && LONGER[path] === undefined) return [`${path}: ${lines} lines, ${MOST} at most`];
        if (lines <= MOST && LONGER[path] !== undefined) return [`${path}: need not be in the list of longer files`];
        return [];
      }),
  faults: [[{ path: 'src/long.ts', text: 'x;\n'.repeat(MOST + 1) }]],
  sound: [[{ path: 'src/just.ts', text: 'x;\n'.repeat(MOST) }], [{ path: 'src/data.json', text: '\n'.repeat(999) }]],
};
