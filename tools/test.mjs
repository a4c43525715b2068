// Every test, in order of cost, and a table of those that were skipped. Usage: node tools/test.mjs [--long] [--only STEP]
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missing as missingForPaper } from '../bench/paper/prepare.mjs';
import { ensureBrowsers, firefox, LAVAPIPE, SWIFTSHADER } from './browsers.mjs';
import { CHECKS } from './checks.mjs';
import { run } from './run.mjs';
import { skippedInPlaywright, skippedInVitest, skippedTable } from './skipped.mjs';

const { values: options } = parseArgs({ options: { long: { type: 'boolean' }, only: { type: 'string' } } });
const scratch = mkdtempSync(join(tmpdir(), 'pronk-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const env = { ...process.env, XDG_RUNTIME_DIR: scratch };
if (options.long) env.PRONK_LONG = '1';
const minutes = options.long ? 240 : 25;

/** A command that passes or fails as a whole. */
const command =
  (...argv) =>
  async () =>
    (await run(argv, { env, minutes })) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };

/** Counts of a runner that writes a report; a runner that failed without a failed test counts as one. */
async function reported(argv, extra, report, count) {
  const status = await run(argv, { env: { ...env, ...extra }, minutes });
  const counts = existsSync(report)
    ? count(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0, skipped: 'not known: the runner wrote no report' };
  if (status !== 0) counts.failed = Math.max(1, counts.failed);
  return counts;
}

/** A Vitest project. */
const vitest =
  (project, extra = {}) =>
  () => {
    const report = join(scratch, 'vitest.json');
    rmSync(report, { force: true });
    const argv = ['vitest', 'run', '--project', project, '--passWithNoTests', '--reporter=default', '--reporter=json'];
    return reported([...argv, `--outputFile=${report}`], extra, report, (json) => ({
      passed: json.numPassedTests,
      failed: json.numFailedTests,
      skipped: skippedInVitest(json),
    }));
  };

/** A Vitest project on a software driver, or why not. */
const onDriver = (icd) => (existsSync(icd) ? vitest('gpu', { VK_ICD_FILENAMES: icd }) : `${icd} is not there`);

/** The end-to-end tests in Chromium. */
const playwright = () => {
  const report = join(scratch, 'playwright.json');
  return reported(
    ['playwright', 'test', '--config', 'e2e/playwright.config.mjs', '--reporter=list,json'],
    { PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    report,
    (json) => ({
      passed: json.stats.expected + json.stats.flaky,
      failed: json.stats.unexpected,
      skipped: skippedInPlaywright(json),
    }),
  );
};

/** The main paths in Firefox. */
const inFirefox = () => {
  const report = join(scratch, 'firefox.json');
  return reported(['node', 'e2e/firefox.mjs'], { FIREFOX_OUTPUT_FILE: report }, report, (counts) => counts);
};

/** Steps by name: what runs them, or why they are skipped. Looked up once the browsers are there. */
const steps = () => ({
  ...Object.fromEntries(Object.entries(CHECKS).map(([name, argv]) => [name, command(...argv)])),
  unit: vitest('node'),
  lavapipe: onDriver(LAVAPIPE),
  swiftshader: onDriver(SWIFTSHADER),
  paper: missingForPaper() ?? vitest('paper'),
  ...(existsSync('index.html') ? pageSteps() : {}),
});

const pageSteps = () => ({
  build: command('vite', 'build', '--logLevel', 'warn'),
  chromium: playwright,
  firefox: firefox() && existsSync(LAVAPIPE) ? inFirefox : 'no Firefox, or no lavapipe',
});

const totals = { passed: 0, failed: 0 };
const leftOut = [];
const started = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

await ensureBrowsers();
for (const [name, step] of Object.entries(steps())) {
  if (options.only && options.only !== name) continue;
  if (typeof step === 'string') {
    console.log(`\n— ${name}: skipped, ${step}`);
    leftOut.push({ step: name, skipped: step });
    continue;
  }
  console.log(`\n— ${name}`);
  const began = performance.now();
  const { passed, failed, skipped = [] } = await step();
  leftOut.push({ step: name, skipped });
  totals.passed += passed;
  totals.failed += failed;
  console.log(`— ${name}: ${passed} passed, ${failed} failed, ${seconds(began)}`);
}
console.log(
  `\n${skippedTable(leftOut)}\n\nAll in ${seconds(started)}\n${totals.passed} passed, ${totals.failed} failed`,
);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
