// What `npm run check` does: the quick steps, as many at a time as there are processors. Usage: node tools/check.mjs [NAME…]
import { availableParallelism } from 'node:os';
import { CHECKS } from './checks.mjs';
import { run } from './run.mjs';

const names = process.argv.slice(2);
const unknown = names.filter((name) => CHECKS[name] === undefined);
if (unknown.length > 0) throw new Error(`No check is called ${unknown.join(', ')}: ${Object.keys(CHECKS).join(', ')}.`);

const started = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const waiting = Object.entries(CHECKS).filter(([name]) => names.length === 0 || names.includes(name));
const failed = [];

async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [name, command] = next;
    const began = performance.now();
    const output = [];
    const passed = (await run(command, { onOutput: (text) => output.push(text) })) === 0;
    if (!passed) failed.push(name);
    console.log(`${passed ? 'passed' : 'FAILED'}  ${name}, ${seconds(began)}`);
    if (!passed) console.log(output.join(''));
  }
}

await Promise.all(Array.from({ length: Math.min(availableParallelism(), waiting.length) }, work));
console.log(failed.length === 0 ? `All in ${seconds(started)}` : `\nFailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
