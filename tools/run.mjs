// Runs commands for the test steps: in a process group of their own, which ends with them, and within a time limit.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const running = new Set();

/** Ends a process group; one that is gone already is fine. */
function end(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // nothing of it is left
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const pid of running) end(pid, 'SIGKILL');
    process.exit(130);
  });
}

const BIN = resolve('node_modules/.bin');

/**
 * Runs a program, of `node_modules/.bin` where it is there, to its end. Its output is this program's, or `onOutput`'s.
 * @returns its exit code; 124 after `minutes`
 */
export function run([program, ...args], { env = process.env, minutes = 10, onOutput } = {}) {
  const out = onOutput === undefined ? 'inherit' : 'pipe';
  const local = join(BIN, program);
  const child = spawn(existsSync(local) ? local : program, args, {
    stdio: ['ignore', out, out],
    env,
    detached: true,
  });
  if (child.pid === undefined) return Promise.resolve(127);
  running.add(child.pid);
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
  return new Promise((settle) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      console.error(`${program} ran for more than ${minutes} minutes and was ended.`);
      end(child.pid, 'SIGKILL');
    }, minutes * 60_000);
    child.on('error', () => settle(127));
    child.on(onOutput === undefined ? 'exit' : 'close', (code) => {
      clearTimeout(timer);
      end(child.pid, 'SIGKILL');
      running.delete(child.pid);
      settle(late ? 124 : (code ?? 1));
    });
  });
}
