// The command line: builds dist-headless/ when it is older than the sources, then runs it in this process.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ['src', 'shaders', 'package-lock.json', 'tools/vite.headless.config.ts'];
const MAIN = join(root, 'dist-headless/main.js');
const STAMP = join(root, 'dist-headless/stamp');
const LOCK = join(root, '.cache/headless-build.lock');

function* filesIn(path) {
  if (!existsSync(path)) return;
  if (statSync(path).isFile()) yield path;
  else for (const name of readdirSync(path)) yield* filesIn(join(path, name));
}

/** Changes when a source is added, removed, or written. */
function fingerprint() {
  const hash = createHash('sha1');
  for (const source of SOURCES) {
    for (const file of filesIn(join(root, source))) {
      if (file.includes('.test.')) continue;
      const { mtimeMs, size } = statSync(file);
      hash.update(`${file} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex');
}

const upToDate = () => existsSync(MAIN) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();

/**
 * Waits until no other process builds; the result lets the next one begin. The system gives the lock back when its process
 * ends, however it ends. The file stays: only whoever has it locked matters.
 */
async function takeLock() {
  const { waitForLock } = (await import('fs-native-extensions')).default;
  mkdirSync(dirname(LOCK), { recursive: true });
  const file = openSync(LOCK, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0));
  await waitForLock(file);
  return () => closeSync(file);
}

/** Builds, unless another process did while this one waited. Everything it says goes to standard error. */
async function build() {
  const release = await takeLock();
  try {
    if (upToDate()) return true;
    rmSync(STAMP, { force: true });
    const stamp = fingerprint();
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    const argv = [vite, 'build', '--config', 'tools/vite.headless.config.ts', '--logLevel', 'warn'];
    console.error('Building dist-headless/ …');
    const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) return false;
    writeFileSync(STAMP, stamp);
    return true;
  } finally {
    release();
  }
}

function fail(code, message) {
  console.log(JSON.stringify({ error: { code, message } }));
  process.exit(1);
}

if (!existsSync(join(root, 'src/headless/main.ts'))) fail('not-built', 'The command line is not part of this version.');
if (!upToDate() && !(await build()))
  fail('build-failed', 'The command line could not be built; see the messages above.');
const [, , command, ...rest] = process.argv;
const family = command === 'bench' ? rest[rest.indexOf('--paper') + 1] : undefined;
if (rest.includes('--paper') && /^\w+$/.test(family ?? '')) {
  // Vulkan reads the environment when Dawn is loaded
  const { environment } = await import('../bench/paper/prepare.mjs');
  try {
    Object.assign(process.env, environment(family));
  } catch (error) {
    fail('no-paper', error.message);
  }
}
const { main } = await import(pathToFileURL(MAIN).href);
const code = await main(process.argv.slice(2));
// Dawn keeps threads alive: leave once what was written is out
process.stdout.write('', () => process.exit(code));
