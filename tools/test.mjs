// Every test, in order of cost. Usage: node tools/test.mjs [--long] [--only STEP]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowsers, LAVAPIPE, SWIFTSHADER } from './browsers.mjs';

const { values: options } = parseArgs({ options: { long: { type: 'boolean' }, only: { type: 'string' } } });
const scratch = mkdtempSync(join(tmpdir(), 'pronk-test-'));
const env = { ...process.env, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? scratch };
if (options.long) env.PRONK_LONG = '1';
const totals = { passed: 0, failed: 0 };

/** A command that passes or fails as a whole. */
function command(...argv) {
  return () => {
    const { status } = spawnSync('npx', ['--no-install', ...argv], { stdio: 'inherit', env });
    return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  };
}

/** A Vitest project; its tests are counted from the JSON report. */
function vitest(project, extra = {}) {
  return () => {
    const report = join(scratch, `${project}-${Object.values(extra).join('').replace(/\W/g, '')}.json`);
    const argv = ['--no-install', 'vitest', 'run', '--project', project, '--passWithNoTests'];
    const { status } = spawnSync('npx', [...argv, '--reporter=default', '--reporter=json', `--outputFile=${report}`], {
      stdio: 'inherit',
      env: { ...env, ...extra },
    });
    const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed, failed: status === 0 ? failed : Math.max(1, failed) };
  };
}

const steps = {
  types: command('tsc', '--noEmit'),
  lint: command('oxlint', '--quiet'),
  unit: vitest('node'),
  ...(existsSync(LAVAPIPE) || process.env.CI ? { lavapipe: vitest('gpu', { VK_ICD_FILENAMES: LAVAPIPE }) } : {}),
  swiftshader: vitest('gpu', { VK_ICD_FILENAMES: SWIFTSHADER }),
};

ensureBrowsers();
for (const [name, run] of Object.entries(steps)) {
  if (options.only && options.only !== name) continue;
  console.log(`\n— ${name}`);
  const started = performance.now();
  const { passed, failed } = run();
  totals.passed += passed;
  totals.failed += failed;
  console.log(`— ${name}: ${passed} passed, ${failed} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;
