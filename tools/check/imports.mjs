// Holds every import of src/ against the table in layers.mjs, after a negative control: planted imports, and a planted
// circle for the linter's rule, must be refused.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, relative, resolve } from 'node:path';
import { LAYERS } from './layers.mjs';

const IMPORT = /(?:^|[\s;}])(?:from|import)\s*\(?\s*'([^'\s]+)'/g;
const TEST = /\.test\.tsx?$|\/testing\//;
const TESTING = /(?:^|\/)testing\//;

/** The layer that a file below src/ belongs to. */
export function layerOf(file) {
  const inside = LAYERS.filter(({ folder }) => isBelow(file, folder));
  return inside.toSorted((a, b) => b.folder.length - a.folder.length)[0];
}

const isBelow = (path, folder) =>
  path === folder || path.startsWith(`${folder}/`) || path.replace(/\.\w+$/, '') === folder;

/** Why a file below src/ may not import something; undefined where it may. */
export function problemWith(file, specifier) {
  const layer = layerOf(file);
  if (!layer) return 'lies in no folder of tools/check/layers.mjs';
  if (!specifier.startsWith('.')) return packageProblem(layer, specifier);
  const target = normalize(join('src', dirname(file), specifier));
  if (target.startsWith('shaders/')) return layer.shaders ? undefined : `${layer.folder}/ may not import shaders`;
  if (!target.startsWith('src/')) return undefined;
  const path = relative('src', target);
  if (TESTING.test(path)) return file === 'main.tsx' ? undefined : 'testing/ is for tests only';
  const own = layerOf(path)?.folder === layer.folder;
  const targetLayer = layerOf(path);
  if (
    own ||
    layer.may.some((folder) => isBelow(path, folder) && (!targetLayer?.named || folder === targetLayer.folder))
  )
    return undefined;
  // a room of a layer may use what the layer itself may; the layer uses its rooms
  if (isBelow(path, layer.folder)) return undefined;
  return `${layer.folder}/ may not import ${path}`;
}

function packageProblem(layer, specifier) {
  const may = layer.packages ?? [];
  const allowed = may.some((name) =>
    name === 'node:*' ? specifier.startsWith('node:') : specifier === name || specifier.startsWith(`${name}/`),
  );
  return allowed ? undefined : `${layer.folder}/ may not import the package ${specifier}`;
}

/** Every import of a text. */
export const importsIn = (text) => Array.from(text.matchAll(IMPORT), (match) => match[1]);

const FORBIDDEN = [
  ['formats/gguf/gguf.ts', '../../gpu/device'],
  ['quant/blocks.ts', '../data/batches'],
  ['core/source.ts', '../quant/blocks'],
  ['tokenizer/bpe.ts', '../engine/index'],
  ['storage/memory.ts', 'idb-keyval'],
  ['hub/repository.ts', '../storage/memory'],
  ['hub/hub-api.ts', '../engine/imports/types'],
  ['gpu/device.ts', '../ops/matmul/linear'],
  ['gpu/wgsl.ts', '../../shaders/matmul/matvec-blocks.wgsl?raw'],
  ['ops/matmul/linear.ts', '../../model/inference/llama'],
  ['model/inference/llama.ts', 'idb-keyval'],
  ['training/loop.ts', '../gpu/buffers'],
  ['engine/index.ts', '../storage/indexeddb'],
  ['engine/generation/generate.ts', '../../worker/contract'],
  ['worker/worker.ts', '../ui/app'],
  ['ui/chat/page.tsx', '../../engine/index'],
  ['ui/chat/list.tsx', '../../worker/worker'],
  ['ui/shared/notices.ts', '../chat/chats'],
  ['ui/app.tsx', 'comlink'],
  ['headless/main.ts', '../worker/client'],
  ['training/loop.ts', './testing/toy-trainer'],
  ['formats/gguf/gguf.ts', '../../testing/fixtures'],
];
const ALLOWED = [
  ['formats/meta/meta.ts', '../../core/weight-kinds'],
  ['storage/indexeddb.ts', 'idb-keyval'],
  ['ops/swiglu/swiglu.ts', '../../../shaders/swiglu/swiglu.wgsl?raw'],
  ['worker/worker.ts', '../storage/indexeddb'],
  ['worker/client.ts', 'comlink'],
  ['ui/chat/page.tsx', '../shared/format'],
  ['ui/chat/chats.ts', '../../worker/contract'],
  ['headless/dawn.ts', 'webgpu'],
];

function selfTest() {
  const wrong = [
    ...FORBIDDEN.filter(([file, from]) => !problemWith(file, from)).map((pair) => `missed: ${pair.join(' ← ')}`),
    ...ALLOWED.filter(([file, from]) => problemWith(file, from)).map((pair) => `refused: ${pair.join(' ← ')}`),
  ];
  if (!findsCircle()) wrong.push('missed: the circle one ↔ two');
  for (const line of wrong) console.error(line);
  return wrong.length;
}

/** Whether the linter, with the project's rules, refuses two files that import each other. */
function findsCircle() {
  const folder = mkdtempSync(join(tmpdir(), 'pronk-circle-'));
  try {
    // plug-ins are resolved from the configuration's folder, and have no part in this
    const config = JSON.parse(readFileSync('.oxlintrc.jsonc', 'utf8').replaceAll(/^\s*\/\/.*$/gm, ''));
    config.overrides = config.overrides.filter((override) => !override.jsPlugins);
    writeFileSync(join(folder, '.oxlintrc.json'), JSON.stringify(config));
    writeFileSync(join(folder, 'one.ts'), `import { two } from './two';\nexport const one = () => two;\n`);
    writeFileSync(join(folder, 'two.ts'), `import { one } from './one';\nexport const two = () => one;\n`);
    const argv = ['--format', 'json', '.'];
    const { stdout } = spawnSync(resolve('node_modules/.bin/oxlint'), argv, { cwd: folder, encoding: 'utf8' });
    return JSON.parse(stdout).diagnostics.some(({ code }) => code.includes('no-cycle'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The table as docs/architecture.md shows it. */
function layersTable() {
  const list = (names) => names.map((name) => `\`${name}\``).join(' ') || '–';
  const rows = LAYERS.map(({ folder, holds, may, packages = [], shaders }) => {
    const imports = [...may, ...(shaders ? ['shaders'] : [])];
    return `| \`${folder}\` | ${holds} | ${list(imports)} | ${list(packages)} |`;
  });
  return ['| folder | what it holds | may import | packages |', '| - | - | - | - |', ...rows].join('\n');
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file) && !TEST.test(`/${file}`) && !file.endsWith('.d.ts'),
);
let broken = selfTest();
let count = 0;
for (const file of files) {
  for (const specifier of importsIn(readFileSync(join('src', file), 'utf8'))) {
    count++;
    const problem = problemWith(file, specifier);
    if (!problem) continue;
    console.error(`src/${file}: ${problem}`);
    broken++;
  }
}
const PAGE = 'docs/architecture.md';
const [before, shown, after] = readFileSync(PAGE, 'utf8').split(
  /(?<=<!-- layers -->\n\n)|(?=\n\n<!-- end of layers -->)/,
);
if (shown !== layersTable()) {
  if (process.argv.includes('--write')) writeFileSync(PAGE, before + layersTable() + after);
  else {
    console.error(
      `${PAGE}: its table of layers is not that of layers.mjs; node tools/check/imports.mjs --write mends it`,
    );
    broken++;
  }
}
console.log(`${count} imports of ${files.length} files, ${FORBIDDEN.length} planted ones; ${broken} wrong`);
process.exitCode = broken > 0 ? 1 : 0;
