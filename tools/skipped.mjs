// Lists the tests that a run left out, and why: read from the runners' reports, printed as one table.
//
// A test that may be skipped says so at the end of its title, as in `a full disk (skipped without /dev/full)`; Playwright's
// tests give their reason to `test.skip`.

const REASON = /\(skipped ([^()]*(?:\([^()]*\)[^()]*)*)\)/;
const NONE = 'says no reason in its title';

/** @typedef {{ name: string, file: string, reason: string }} Skipped */

/** @returns {Skipped[]} of a report of Vitest's */
export function skippedInVitest({ testResults }) {
  return testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ title, ancestorTitles }) => {
        const titles = [title, ...ancestorTitles.toReversed()];
        const said = titles.map((each) => REASON.exec(each)?.[1]).find((reason) => reason !== undefined);
        return { name: title, file, reason: said ?? NONE };
      }),
  );
}

/** @returns {Skipped[]} of a report of Playwright's */
export function skippedInPlaywright({ suites }) {
  const of = (suite) => [
    ...(suite.specs ?? []).flatMap(({ title, file, tests }) =>
      tests
        .filter(({ status }) => status === 'skipped')
        .map(({ annotations }) => ({
          name: title,
          file,
          reason: annotations.find(({ type }) => type === 'skip')?.description || NONE,
        })),
    ),
    ...(suite.suites ?? []).flatMap(of),
  ];
  return suites.flatMap(of);
}

/**
 * A line for each step and reason: how many tests, and in which files.
 * @param {{ step: string, skipped: Skipped[] | string }[]} steps a text stands for a whole step, and says why it was
 */
export function skippedTable(steps) {
  const rows = steps.flatMap(({ step, skipped }) => {
    if (typeof skipped === 'string') return [[step, '–', skipped, '']];
    const groups = byReason(skipped);
    return [...groups].map(([reason, list]) => [
      step,
      String(list.length),
      reason,
      [...new Set(list.map(({ file }) => file.split('/').at(-1)))].join(' '),
    ]);
  });
  if (rows.length === 0) return 'Nothing was skipped.';
  const table = [['step', 'tests', 'skipped', 'in'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  return `Skipped:\n${lines.map((line) => `  ${line.trimEnd()}`).join('\n')}`;
}

function byReason(list) {
  const groups = new Map();
  for (const each of list) groups.set(each.reason, [...(groups.get(each.reason) ?? []), each]);
  return groups;
}
