// The project's own text files, found without git, so that a copy without a history is checked as well.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ELSEWHERE = new Set([
  '.cache',
  '.git',
  '.gpu',
  '__pycache__',
  'dist',
  'dist-headless',
  'node_modules',
  'test-results',
]);
const TEXT = /(\.(ts|tsx|mts|mjs|css|html|wgsl|py|md|json|yml)|^\.(gitignore|editorconfig)|^LICENSE|\.ci\/run)$/;

/** Data that a program wrote, which nobody formats: golden files, fixtures, and what the demo model's training left. */
const isWritten = (path) =>
  /\/(golden|fixtures)\/.*(?<!\.py)$/.test(path) ||
  path === 'package-lock.json' ||
  /^(tools|public)\/demo-model\/.*\.json$/.test(path);

/**
 * Every file of the project.
 * @returns {string[]} paths from the root, in their order
 */
export function projectPaths(root = '.') {
  const found = [];
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && !ELSEWHERE.has(entry.name)) walk(path);
    }
  };
  walk('');
  return found.toSorted();
}

/**
 * Those of the files that people write.
 * @returns {{ path: string, text: string }[]}
 */
export const projectFiles = (paths, root = '.') =>
  paths
    .filter((path) => TEXT.test(path) && (!isWritten(path) || path.endsWith('.py')))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** The number, from 1, of the line that holds the character at `index`. */
export const lineAt = (text, index) => text.slice(0, index).split('\n').length;
