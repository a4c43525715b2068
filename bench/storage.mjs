// Importing and loading in Chromium, against their stages alone in the same run.
// Usage: node bench/storage.mjs [runs]
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chromium as browserType } from 'playwright';
import { createServer } from 'vite';
import { chromium } from '../tools/browsers.mjs';
import { browserArguments } from './browser-arguments.mjs';
import { makeModel } from '../tools/made-model.mjs';

const TOKENIZER = 'src/testing/fixtures/tales/tokenizer.model';
/** The model has 824 MB in f32, so that what is done once does not count. */
const config = {
  model_type: 'llama',
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 8,
  num_attention_heads: 16,
  vocab_size: 512,
  tie_word_embeddings: true,
};

/** A model, the same encrypted, and the key, in a folder. */
function makeFiles(folder) {
  const plain = makeModel(folder, config, TOKENIZER);
  const longest = Math.max(...plain.map((path) => statSync(path).size));
  const key = randomBytes(longest);
  const keyPath = join(folder, 'consolidated.00.pth');
  writeFileSync(keyPath, key);
  const encrypted = plain.map((path) => {
    const bytes = readFileSync(path);
    const digest = createHash('sha256').update(bytes).digest();
    const name = join(folder, `${basename(path)}.${digest.toString('hex')}.enc`);
    writeFileSync(name, Buffer.concat([digest, bytes.map((byte, i) => byte ^ key[i])]));
    return name;
  });
  return [keyPath, ...plain, ...encrypted];
}

const runs = Number(process.argv[2] ?? 1);
const server = await createServer({ server: { host: '127.0.0.1', port: 41735 }, logLevel: 'error' });
await server.listen();
// a profile on disk: what is incognito lies in memory
const profile = mkdtempSync(join(tmpdir(), 'pronk-bench-'));
const browser = await browserType.launchPersistentContext(profile, {
  executablePath: chromium(),
  args: browserArguments(),
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
