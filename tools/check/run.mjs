// Runs the project's own checks over its files. Usage: node tools/check/run.mjs [NAME…]
// Each check is tried on planted faults first: one that overlooks them fails, whatever it says of the files.
import { projectFiles, projectPaths } from './files.mjs';
import comments from './comments.mjs';
import duplicates from './duplicates.mjs';
import layout from './layout.mjs';
import lengths from './lengths.mjs';
import markdown from './markdown.mjs';
import paths from './paths.mjs';
import skips from './skips.mjs';
import styles from './styles.mjs';

/**
 * @typedef {{ path: string, text: string }} File
 * @typedef {object} Check
 * @property {string} name
 * @property {(files: File[], paths?: string[]) => string[]} find a sentence for each fault, which begins with its
 *   place; `paths` are all of the project's, also of files that are not text
 * @property {File[][]} faults small projects with a fault, each of which must be found
 * @property {File[][]} sound small projects without one
 */

/** @type {Check[]} */
const CHECKS = [layout, markdown, lengths, comments, duplicates, paths, skips, styles];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) throw new Error(`No check is called ${unknown.join(', ')}.`);

const allPaths = projectPaths();
const files = projectFiles(allPaths);
let failed = false;
for (const check of CHECKS) {
  if (names.length > 0 && !names.includes(check.name)) continue;
  const overlooked = check.faults.filter((planted) => check.find(planted).length === 0);
  const invented = check.sound.flatMap((planted) => check.find(planted));
  const found = check.find(files, allPaths);
  for (const planted of overlooked) console.error(`${check.name} overlooks a planted fault in ${planted[0].path}`);
  for (const line of invented) console.error(`${check.name} finds a fault in what is sound: ${line}`);
  for (const line of found) console.error(line);
  const wrong = overlooked.length + invented.length + found.length;
  failed ||= wrong > 0;
  console.log(`${check.name}: ${files.length} files, ${check.faults.length} planted faults, ${wrong} wrong`);
}
process.exitCode = failed ? 1 : 0;
