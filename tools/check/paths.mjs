// Documentation and comments name files that are there: each path of the project in a text is looked up, as is each
// link of a page.
import { posix } from 'node:path';
import { lineAt } from './files.mjs';

const FOLDERS = 'src|shaders|tools|docs|e2e|bench|public|\\.ci';
const CODE = 'ts|tsx|mts|mjs|wgsl|css|py';

/** In code, only what names its folder from the root; in a page's backticks also `folder/file.ts`. */
const IN_COMMENT = new RegExp(`(?:^|[\\s(\`'"])((?:${FOLDERS})/[\\w.*/-]+\\.(?:${CODE}|md))(?![\\w/])`, 'g');
const IN_BACKTICKS = new RegExp(`\`((?:(?:${FOLDERS})/[\\w.*/-]*)|(?:[\\w.*-]+/)+[\\w.*-]+\\.(?:${CODE}))\``, 'g');
const LINK = /\]\((?!\w+:|#)([^)\s#]+)[^)]*\)/g;

const isPage = (path) => path.endsWith('.md');
const comments = (text) =>
  text.replaceAll(/^.*$/gm, (line) => /(?:^|\s)(?:\/\/|\*|\/\*|#)(?:\s|$).*/.exec(line)?.[0] ?? '');

/** Whether a path, perhaps with `*`, is one of those known, or the end of one. */
function isThere(path, known) {
  const pattern = path
    .replace(/\/$/, '')
    .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`(?:^|/)${pattern}(?:/|$)`, 'm').test(known);
}

function* faultsOf({ path, text }, known) {
  if (!isPage(path)) {
    for (const match of comments(text).matchAll(IN_COMMENT))
      if (!isThere(match[1], known)) yield `${lineAt(comments(text), match.index)}: ${match[1]} is not there`;
    return;
  }
  for (const match of text.matchAll(IN_BACKTICKS))
    if (!isThere(match[1], known)) yield `${lineAt(text, match.index)}: ${match[1]} is not there`;
  for (const match of text.matchAll(LINK)) {
    const target = posix.join(posix.dirname(path), match[1]);
    if (!isThere(`./${target}`.replace('./', ''), known))
      yield `${lineAt(text, match.index)}: the link ${match[1]} leads nowhere`;
  }
}

const page = (text) => [
  { path: 'docs/a.md', text },
  { path: 'src/model/llama.ts', text: '' },
];

/** @type {import('./run.mjs').Check} */
export default {
  name: 'paths',
  find: (files, paths = files.map(({ path }) => path)) => {
    const known = paths.join('\n');
    return files
      .filter(({ path }) => isPage(path) || new RegExp(`\\.(${CODE})$`).test(path))
      .flatMap((file) => [...faultsOf(file, known)].map((fault) => `${file.path}:${fault}`));
  },
  faults: [
    page('See `src/model/lama.ts`.\n'),
    page('See `model/lama.ts`.\n'),
    page('See [here](b.md).\n'),
    [{ path: 'src/a.ts', text: '// told in docs/missing.md\n' }],
  ],
  sound: [page('See `src/model/llama.ts`, `model/llama.ts`, `src/model/`, `src/*/llama.ts`, [it](a.md#part).\n')],
};
