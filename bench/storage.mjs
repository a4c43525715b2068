// Importing and loading in Chromium, against their stages alone in the same run.
// Usage: node bench/storage.mjs [runs]
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as browserType } from 'playwright';
import { createServer } from 'vite';
import { chromium } from '../tools/browsers.mjs';

const TOKENIZER = '../shared/data/stories260K/tokenizer.model';
/** Of a model of 205 MB in f32. */
const config = {
  model_type: 'llama',
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 4,
  num_attention_heads: 16,
  vocab_size: 512,
  tie_word_embeddings: true,
};

/** A model of random weights, the same encrypted, and the key, in a folder. */
function makeFiles(folder) {
  const { hidden_size: D, intermediate_size: F, vocab_size: V } = config;
  const shapes = [
    ['model.embed_tokens.weight', [V, D]],
    ['model.norm.weight', [D]],
  ];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const add = (part, shape) => shapes.push([`model.layers.${layer}.${part}.weight`, shape]);
    for (const part of ['q', 'k', 'v', 'o']) add(`self_attn.${part}_proj`, [D, D]);
    add('mlp.gate_proj', [F, D]);
    add('mlp.up_proj', [F, D]);
    add('mlp.down_proj', [D, F]);
    add('input_layernorm', [D]);
    add('post_attention_layernorm', [D]);
  }
  let end = 0;
  const header = {};
  for (const [name, shape] of shapes) {
    const start = end;
    end += shape.reduce((product, size) => product * size, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  const values = Float32Array.from({ length: end / 4 }, () => (Math.random() - 0.5) * 0.08);
  const key = Buffer.from(Float32Array.from({ length: end / 4 + 4096 }, Math.random).buffer);
  const files = {
    'model.safetensors': Buffer.concat([size, json, Buffer.from(values.buffer)]),
    'config.json': Buffer.from(JSON.stringify(config)),
    'tokenizer.model': readFileSync(TOKENIZER),
  };
  const paths = [join(folder, 'consolidated.00.pth')];
  writeFileSync(paths[0], key);
  for (const [name, plain] of Object.entries(files)) {
    const digest = createHash('sha256').update(plain).digest();
    // no file is longer than the key
    const enc = Buffer.concat([digest, plain.map((byte, i) => byte ^ key[i])]);
    paths.push(join(folder, name), join(folder, `${name}.${digest.toString('hex')}.enc`));
    writeFileSync(paths.at(-2), plain);
    writeFileSync(paths.at(-1), enc);
  }
  return paths;
}

const runs = Number(process.argv[2] ?? 1);
const server = await createServer({ server: { host: '127.0.0.1', port: 41735 }, logLevel: 'error' });
await server.listen();
// a profile on disk: what is incognito lies in memory
const profile = mkdtempSync(join(tmpdir(), 'pronk-bench-'));
const browser = await browserType.launchPersistentContext(profile, {
  executablePath: chromium(),
  args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
  await page.goto(new URL('bench/storage.html', server.resolvedUrls.local[0]).href);
  await page.waitForFunction(() => 'run' in globalThis, undefined, { timeout: 60_000 });
  await page.locator('input').setInputFiles(makeFiles(profile));
  for (let i = 0; i < runs; i++) {
    console.log(JSON.stringify(await page.evaluate((columns) => globalThis.run(columns), config.hidden_size)));
  }
} finally {
  await browser.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true });
}
