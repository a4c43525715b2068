// Negative control of the layer rules in .oxlintrc.json: plants imports that break them, and says which were missed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** [file, what it imports] */
const FORBIDDEN = [
  ['src/formats/gguf.ts', '../gpu/device'],
  ['src/quant/blocks.ts', '../data/batch'],
  ['src/tokenizer/bpe.ts', '../../engine/generate'],
  ['src/storage/memory.ts', 'idb-keyval'],
  ['src/hub/repository.ts', '../storage/memory'],
  ['src/hub/hub-api.ts', '../engine/import/types'],
  ['src/formats/source.ts', '../hub/http-source'],
  ['src/storage/shards.ts', '../hub/http-source'],
  ['src/ui/library/hub.tsx', '../../hub/curated'],
  ['src/gpu/device.ts', '../ops/matvec'],
  ['src/gpu/shader.ts', '../../shaders/matmul/matvec.wgsl?raw'],
  ['src/ops/matvec.ts', '../model/llama'],
  ['src/model/llama.ts', 'webgpu-utils'],
  ['src/training/loop.ts', '../gpu/buffers'],
  ['src/engine/index.ts', '../storage/indexeddb'],
  ['src/engine/chat.ts', '../worker/api'],
  ['src/worker/worker.ts', '../ui/app'],
  ['src/ui/chat/chat.tsx', '../../engine/index'],
  ['src/ui/chat/log.tsx', '../../worker/worker'],
  ['src/ui/app.tsx', 'comlink'],
  ['src/headless/main.ts', '../worker/client'],
];
const ALLOWED = [
  ['src/formats/meta.ts', '../quant/kinds'],
  ['src/storage/indexeddb.ts', 'idb-keyval'],
  ['src/hub/http-source.ts', '../formats/source'],
  ['src/engine/import/origin.ts', '../../hub/repository'],
  ['src/gpu/kernel.ts', 'webgpu-utils'],
  ['src/ops/swiglu.ts', '../../shaders/elementwise/swiglu.wgsl?raw'],
  ['src/worker/client.ts', 'comlink'],
  ['src/ui/state/engine.ts', '../../worker/client'],
  ['src/ui/state/types.ts', '../../worker/api'],
  ['src/headless/dawn.ts', 'webgpu'],
];

const folder = mkdtempSync(join(tmpdir(), 'pronk-layers-'));
const plant = (file, text) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};
try {
  // plug-ins are resolved from the configuration's folder, and have no part in this
  const config = JSON.parse(readFileSync('.oxlintrc.json', 'utf8'));
  config.overrides = config.overrides.filter((override) => !override.jsPlugins);
  plant('.oxlintrc.json', JSON.stringify(config));
  for (const [file, from] of [...FORBIDDEN, ...ALLOWED])
    plant(file, `import { x } from '${from}';\nexport const y = x;\n`);
  plant('src/data/one.ts', `import { two } from './two';\nexport const one = () => two;\n`);
  plant('src/data/two.ts', `import { one } from './one';\nexport const two = () => one;\n`);

  const oxlint = resolve('node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format', 'json', '.'], { cwd: folder, encoding: 'utf8' });
  const found = JSON.parse(stdout).diagnostics;
  const caught = (file, rule) => found.some((item) => item.filename === file && item.code.includes(rule));
  const wrong = [
    ...FORBIDDEN.filter(([file]) => !caught(file, 'no-restricted-imports')).map(
      (pair) => `missed: ${pair.join(' ← ')}`,
    ),
    ...ALLOWED.filter(([file]) => caught(file, 'no-restricted-imports')).map((pair) => `refused: ${pair.join(' ← ')}`),
    ...(caught('src/data/one.ts', 'no-cycle') ? [] : ['missed: the cycle one ↔ two']),
  ];
  for (const line of wrong) console.error(line);
  console.log(`${FORBIDDEN.length + 1} planted imports, ${wrong.length} wrong`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
