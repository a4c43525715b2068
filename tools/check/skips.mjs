// A test that may be skipped says why at the end of its title, so that `npm test` can list it: `(skipped without …)`.
import { lineAt } from './files.mjs';

const CONDITION = /\.(?:skipIf|runIf)\(/g;
/** Everything before the test's own function: the condition, a table of cases, the title. */
const headOf = (text, from) => text.slice(from, text.indexOf('=> {', from) + 1 || undefined);

const planted = (text) => [{ path: 'src/a.test.ts', text }];

/** @type {import('./run.mjs').Check} */
export default {
  name: 'skips',
  find: (files) =>
    files
      .filter(({ path }) => /\.test\.tsx?$/.test(path))
      .flatMap(({ path, text }) =>
        Array.from(text.matchAll(CONDITION))
          .filter(({ index }) => !/\(skipped [a-z]/.test(headOf(text, index)))
          .map(({ index }) => `${path}:${lineAt(text, index)}: the title does not end with “(skipped …)” and a reason`),
      ),
  faults: [
    planted("test.skipIf(slow)('adds', () => {});\ntest('takes (skipped on Windows)', () => {});\n"),
    planted('describe.runIf(cheap)(`${label} twice`, { timeout: 1 }, () => {\n'),
  ],
  sound: [
    planted("test.skipIf(!existsSync('/dev/full'))('adds (skipped without /dev/full)', () => {});\n"),
    planted(
      "test.runIf(cheap).each(long ? [1] : [2])(\n  '%i (skipped where pipelines take long)',\n  async (n) => {\n",
    ),
  ],
};
