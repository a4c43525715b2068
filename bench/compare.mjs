// Pronk beside ONNX Runtime and wllama, on one adapter and one made-up model of a published shape. The programs take turns
// (A B A B), each run in a process of its own, and of each figure the median counts.
// Usage: npm run compare -- --shape qwen2.5-0.5b [--layers N] [--contexts 128,1024] [--prompts 128] [--rounds 3] [--install]
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeOnnxModel } from './peers/onnx-model.mjs';

const PACKAGES = ['onnxruntime-node@1.30.0', '@wllama/wllama@3.13.0'];
const PROGRAMS = ['pronk-exact', 'pronk-int8', 'pronk-fast', 'onnx', 'onnx-int8', 'wllama'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const shapes = JSON.parse(readFileSync(join(root, 'src/headless/bench/shapes.json'), 'utf8'));
const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: 'qwen2.5-0.5b' },
    layers: { type: 'string' },
    contexts: { type: 'string', default: '128,1024,4096' },
    prompts: { type: 'string', default: '128,512,2048' },
    tokens: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    programs: { type: 'string', default: 'pronk-exact,onnx' },
    peers: { type: 'string', default: join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pronk-peers') },
    install: { type: 'boolean', default: false },
    train: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

function fail(message) {
  console.error(message);
  process.exit(2);
}
const known = shapes[options.shape];
if (!known) fail(`--shape is one of ${Object.keys(shapes).join(' ')}, not ${options.shape}.`);
const programs = options.programs.split(',');
const stranger = programs.find((each) => !PROGRAMS.includes(each));
if (stranger !== undefined) fail(`--programs is some of ${PROGRAMS.join(',')}, not ${stranger}.`);
const whole = (name) => {
  const numbers = options[name].split(',').map(Number);
  if (numbers.every((each) => Number.isInteger(each) && each > 0)) return numbers;
  return fail(`--${name} needs whole numbers, not ${options[name]}.`);
};
const shape = { ...known, numLayers: options.layers ? whole('layers')[0] : known.numLayers };
const [contexts, prompts, [tokens], [rounds]] = ['contexts', 'prompts', 'tokens', 'rounds'].map(whole);
const { peers } = options;

if (options.install) {
  mkdirSync(peers, { recursive: true });
  execFileSync('npm', ['install', '--prefix', peers, '--no-save', '--ignore-scripts', ...PACKAGES], {
    stdio: 'inherit',
  });
}
const needed = { onnx: 'onnxruntime-node', 'onnx-int8': 'onnxruntime-node', wllama: '@wllama/wllama' };
const missing = programs.find((each) => needed[each] && !existsSync(join(peers, 'node_modules', needed[each])));
if (missing)
  fail(
    `${needed[missing]} is not in ${peers}. Say --install to fetch it from npm (not part of Pronk, never needed by it).`,
  );

/** The output of a command, whose last line is JSON. */
function run(argv) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (err += text));
    child.on('close', (code) => {
      const line = out.trim().split('\n').at(-1);
      if (code === 0 && line.startsWith('{')) done(JSON.parse(line));
      else failed(new Error(`${argv.join(' ').slice(0, 200)} ended with ${code}\n${err.slice(-2000)}`));
    });
  });
}

/** The path of a file of the shape, which is made when it is first needed. */
async function made(name, write) {
  const path = join(peers, `${options.shape}-${shape.numLayers}-${name}`);
  mkdirSync(peers, { recursive: true });
  if (!existsSync(`${path}.whole`)) {
    console.error(`Writing ${path} …`);
    await write(path);
    writeFileSync(`${path}.whole`, '');
  }
  return path;
}

const model = ['--shape', options.shape, '--layers', String(shape.numLayers), '--quantize', 'q4'];
const lengths = ['--contexts', contexts.join(','), '--prompts', prompts.join(','), '--tokens', String(tokens)];
const training = options.train ? ['--train', '--prompt-tokens', '512', '--steps', '1'] : [];
const pronk = (precision) => () =>
  run(['tools/headless.mjs', 'bench', '--points', ...model, '--precision', precision, ...lengths, ...training]);
const onnx = (accuracy) => async () => {
  const context = Math.max(...contexts, ...prompts) + tokens + 8;
  const path = await made(`${accuracy}-${context}.onnx`, (to) => writeOnnxModel(to, shape, { context, accuracy }));
  return run(['bench/peers/onnx.mjs', JSON.stringify({ peers, model: path, shape, contexts, prompts, tokens })]);
};
const RUNS = {
  'pronk-exact': pronk('exact'),
  'pronk-int8': pronk('int8'),
  'pronk-fast': pronk('fast'),
  onnx: onnx(1),
  'onnx-int8': onnx(4),
  async wllama() {
    const path = await made('q4.gguf', (to) => run(['tools/headless.mjs', 'bench', ...model, '--write-gguf', to]));
    return run(['bench/peers/wllama.mjs', JSON.stringify({ peers, model: path, contexts, prompts, tokens })]);
  },
};

const results = Object.fromEntries(programs.map((each) => [each, []]));
for (let round = 0; round < rounds; round++) {
  for (const program of programs) {
    const result = await RUNS[program]();
    results[program].push(result);
    console.error(`round ${round + 1}, ${program}: ${JSON.stringify(result)}`);
  }
}

const median = (numbers) => {
  const sorted = numbers.filter((each) => each !== undefined).toSorted((a, b) => a - b);
  return sorted.length === 0 ? undefined : (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
/** Figures: the name, and the value in the output of a run. */
const figures = [
  ['load, ms', (each) => each.loadMs],
  ['first token, ms', (each) => each.firstTokenMs],
  ...contexts.map((length) => [`decode at ${length}, ms a token`, (each) => each.decodeMs[length]]),
  ...prompts.map((length) => [`prefill of ${length}, ms`, (each) => each.prefillMs[length]]),
  ['training of 512, tokens/s', (each) => each.train?.tokensPerSecond],
  ['dispatches a token', (each) => each.perToken?.dispatches],
  ['GPU memory, MB', (each) => each.memory && Object.values(each.memory).reduce((sum, bytes) => sum + bytes, 0) / 1e6],
];
const digits = (value) => (value === undefined ? '–' : String(Number(value.toPrecision(3))));
const medians = figures.map(([name, of]) => [name, programs.map((each) => median(results[each].map(of)))]);
console.log(`| ${options.shape}, ${shape.numLayers} layers, q4 | ${programs.join(' | ')} |`);
console.log(`| - |${' - |'.repeat(programs.length)}`);
for (const [name, row] of medians) {
  if (row.some((each) => each !== undefined)) console.log(`| ${name} | ${row.map(digits).join(' | ')} |`);
}
const adapter = Object.values(results)
  .flat()
  .find((each) => each.adapter)?.adapter;
console.log(`\nMedians of ${rounds} rounds in turn on ${adapter ?? 'an adapter that no program named'}.`);
if (options.out) {
  const figuresOf = medians.map(([name, row]) => ({
    name,
    ...Object.fromEntries(programs.map((each, i) => [each, row[i]])),
  }));
  const report = { date: new Date().toISOString(), adapter, shape: options.shape, layers: shape.numLayers, rounds };
  writeFileSync(options.out, JSON.stringify({ ...report, medians: figuresOf, runs: results }, undefined, 2));
}
process.exit(0);
