// The main paths in stock Firefox: another browser, another shader compiler (naga), another driver (lavapipe).
// Every shader compiles; a read-back is prompt; the page chats with the bundled model; a reload keeps the conversation; a run learns its row;
// encrypted files become a model that answers.
// Build first: `npm run build`. Writes counts to FIREFOX_OUTPUT_FILE where that is set.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch } from 'puppeteer-core';
import { createServer, preview } from 'vite';
import { firefox, LAVAPIPE } from '../tools/browsers.mjs';

/** A small trained model, written by tools/fixtures. */
const TALES = 'src/testing/fixtures/tales';

const counts = { passed: 0, failed: 0 };
async function check(name, work) {
  const started = performance.now();
  try {
    await work();
    counts.passed++;
    console.log(`  ✓ ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    counts.failed++;
    console.log(`  ✗ ${name}\n    ${String(error?.stack ?? error).replaceAll('\n', '\n    ')}`);
  }
}

function equal(actual, expected, what) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(actual)}`);
}

/** Asks until the answer is true. */
async function until(ask, what, seconds = 90) {
  const end = Date.now() + seconds * 1000;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(200);
  }
}

/** The catalogue's kernels, by way of Vite, which reads shaders as the build does. */
async function kernels(features) {
  const server = await createServer({ server: { middlewareMode: true }, appType: 'custom', logLevel: 'error' });
  try {
    const { kernelsFor } = await server.ssrLoadModule('/src/ops/testing/catalog.ts');
    return kernelsFor(features).map(({ label, wgsl, overrides = {} }) => ({ label, wgsl, overrides }));
  } finally {
    await server.close();
  }
}

/** Runs in the page: what Firefox says against each kernel, as `label: message`. */
async function compile(list) {
  const adapter = await globalThis.navigator.gpu.requestAdapter();
  const wanted = ['shader-f16', 'subgroups'].filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({
    requiredFeatures: wanted,
    requiredLimits: {
      maxComputeInvocationsPerWorkgroup: adapter.limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: adapter.limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize,
    },
  });
  const found = [];
  for (const { label, wgsl } of list) {
    device.pushErrorScope('validation');
    const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo();
    const error = await device.popErrorScope();
    for (const { lineNum, linePos, message } of messages) found.push(`${label}: ${lineNum}:${linePos} ${message}`);
    if (error && messages.length === 0) found.push(`${label}: ${error.message}`);
  }
  device.destroy();
  return found;
}

/** Runs in a page of sources: median milliseconds of small read-backs, as the engine waits for them and as Firefox itself does. */
async function readBacks() {
  const { waited } = await import(new URL('/src/gpu/waiting.ts', globalThis.location.href).href);
  const device = await (await globalThis.navigator.gpu.requestAdapter()).requestDevice();
  const { COPY_SRC, COPY_DST, MAP_READ } = globalThis.GPUBufferUsage;
  const source = device.createBuffer({ size: 64, usage: COPY_SRC });
  const staging = device.createBuffer({ size: 64, usage: MAP_READ | COPY_DST });
  const median = async (times, wait) => {
    const all = [];
    for (let i = 0; i < times; i++) {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, 0, staging, 0, 64);
      device.queue.submit([encoder.finish()]);
      const before = performance.now();
      await wait(staging.mapAsync(globalThis.GPUMapMode.READ));
      all.push(performance.now() - before);
      staging.unmap();
    }
    return all.toSorted((a, b) => a - b)[times >> 1];
  };
  const medians = {
    own: await median(9, (mapped) => mapped),
    nudged: await median(41, (mapped) => waited(device.queue, mapped)),
  };
  device.destroy();
  return medians;
}

/** The small model as point-alpaca would have published it, and the key; paths of the files. */
function encryptedTales(folder) {
  const key = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919 + 13) & 255));
  const keyPath = join(folder, 'consolidated.00.pth');
  writeFileSync(keyPath, key);
  const files = ['config.json', 'model.safetensors', 'tokenizer.model'].map((name) => {
    const plain = readFileSync(join(TALES, name));
    const digest = createHash('sha256').update(plain).digest();
    const path = join(folder, `${name}.${digest.toString('hex')}.enc`);
    writeFileSync(path, Buffer.concat([digest, Buffer.from(plain.map((byte, i) => byte ^ key[i % key.length]))]));
    return path;
  });
  return [keyPath, ...files];
}

const home = mkdtempSync(join(tmpdir(), 'pronk-firefox-'));
const server = await preview({ preview: { host: '127.0.0.1', port: 41731 }, logLevel: 'error' });
const [address] = server.resolvedUrls.local;
let browser;
try {
  browser = await launch({
    browser: 'firefox',
    executablePath: firefox(),
    headless: true,
    defaultViewport: { width: 1280, height: 800 },
    // Firefox under root writes beside its profile
    env: { ...process.env, HOME: home, VK_ICD_FILENAMES: LAVAPIPE },
    extraPrefsFirefox: {
      'dom.webgpu.enabled': true,
      'dom.webgpu.workers.enabled': true,
      'gfx.webgpu.force-enabled': true,
      'gfx.webgpu.ignore-blocklist': true,
    },
  });
  await check('every shader compiles', async () => {
    const page = await browser.newPage();
    // any page of this origin: WebGPU is for secure contexts
    await page.goto(`${address}icons/icon.svg`);
    const names = await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter();
      return adapter ? [...adapter.features] : undefined;
    });
    if (!names) throw new Error('Firefox offers no adapter');
    const list = await kernels({ f16: names.includes('shader-f16'), subgroups: names.includes('subgroups') });
    const sources = [...new Map(list.map((kernel) => [kernel.wgsl, kernel])).values()];
    equal(await page.evaluate(compile, sources), [], 'complaints');
    const broken = [{ label: 'broken', wgsl: '@compute @workgroup_size(1) fn main() { let x = misspelt; }' }];
    equal((await page.evaluate(compile, broken)).length, 1, 'complaints about a misspelt name');
    await page.close();
  });

  await check('a read-back takes less than 5 ms, a twentieth of what Firefox takes by itself', async () => {
    const sources = await createServer({ server: { host: '127.0.0.1', port: 41737 }, logLevel: 'error' });
    try {
      await sources.listen();
      const page = await browser.newPage();
      await page.goto(`${sources.resolvedUrls.local[0]}icons/icon.svg`);
      const { own, nudged } = await page.evaluate(readBacks);
      await page.close();
      if (!(nudged < 5)) throw new Error(`the median is ${nudged} ms`);
      if (!(own > 50)) throw new Error(`by itself it takes ${own} ms: src/gpu/waiting.ts can go`);
      console.log(`    ${nudged} ms, and ${own} ms without empty submissions`);
    } finally {
      await sources.close();
    }
  });

  const page = await browser.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' || /validation|invalid/i.test(text)) complaints.push(text);
  });

  const named = (role, name) => page.$(`::-p-aria([name="${name}"][role="${role}"])`);
  const log = () => page.$eval('[role="log"]', (element) => element.innerText);
  const answered = () =>
    until(async () => !(await named('button', 'Stop')) && (await named('button', 'Send')), 'the answer', 180);
  const question = 'What is the capital of France?';

  await check('the page chats with the bundled model', async () => {
    await page.goto(address);
    await until(() => named('textbox', 'Message'), 'the message box');
    await (await named('textbox', 'Message')).type(question);
    await (await named('button', 'Send')).click();
    await until(async () => (await log()).includes(question), 'the question');
    await answered();
    if ((await log()).replace(question, '').trim().length < 4) throw new Error(`no answer: ${await log()}`);
  });

  /** Losses of a run on a row, step by step, as a screen reader reads them; `file` where the rows are not there yet. */
  async function trained(settings, file) {
    const config = {
      lr_scheduler_type: 'constant',
      warmup_ratio: 0,
      per_device_train_batch_size: 1,
      gradient_checkpointing: false,
      val_set_size: 0,
      prompt_template_name: 'alpaca_short',
      ...settings,
    };
    await page.evaluate((value) => {
      globalThis.localStorage.setItem('pronk.training', value);
      globalThis.localStorage.setItem('pronk.training-prompts', '[]');
    }, JSON.stringify(config));
    await page.reload();
    await until(() => named('link', 'Fine-tune'), 'the page');
    await (await named('link', 'Fine-tune')).click();
    await until(() => page.$('input[aria-label="Dataset"]'), 'the file input');
    if (file) await (await page.$('input[aria-label="Dataset"]')).uploadFile(file);
    const start = () =>
      page.$$eval('button', (all) => all.some((each) => each.textContent === 'Start training' && !each.disabled));
    await until(start, 'a plan');
    await (await named('button', 'Start training')).click();
    const badge = () => page.$$eval('.run-badge', ([first]) => first?.textContent);
    const steps = () => page.$$eval('.visually-hidden tbody tr', (all) => all.length);
    await until(async () => (await badge()) === 'Done' && (await steps()) === settings.max_steps, 'the end', 180);
    return page.$$eval('.visually-hidden tbody tr', (all) => all.map((row) => Number(row.cells[1].textContent)));
  }

  await check('a reload keeps the conversation', async () => {
    const before = await log();
    if (!before.includes(question)) throw new Error('there is none');
    await page.reload();
    await until(() => named('textbox', 'Message'), 'the message box');
    await until(async () => (await log()) === before, 'the same conversation');
  });

  await check('a run learns its row, and with hardly a learning rate it does not', async () => {
    const rows = join(home, 'rows.json');
    writeFileSync(
      rows,
      JSON.stringify([{ instruction: 'Say the secret word.', input: '', output: 'The blue otter!' }]),
    );
    const [first, ...later] = await trained({ max_steps: 4, learning_rate: 5e-3 }, rows);
    if (!(later.at(-1) < first / 2)) throw new Error(`the loss does not fall: ${[first, ...later].join(', ')}`);
    const flat = await trained({ max_steps: 2, learning_rate: 1e-12 });
    equal(flat, [first, first], 'losses without learning');
  });

  await check('encrypted files become a model of 8 bits, and it answers', async () => {
    await (await named('link', 'Models')).click();
    await until(() => page.$('input[aria-label="Add files"]'), 'the file input');
    await (await page.$('input[aria-label="Add files"]')).uploadFile(...encryptedTales(home));
    await until(() => named('radio', '8 bits'), 'the plan');
    await (await named('radio', '8 bits')).click();
    await (await named('button', 'Make a model')).click();
    await until(() => named('button', 'Use model'), 'the model');
    const row = await page.$eval('.models tbody tr', (element) => element.innerText);
    if (!/q8/.test(row)) throw new Error(`not of 8 bits: ${row}`);
    await (await named('button', 'Use model')).click();
    await (await named('link', 'Chat')).click();
    await until(() => named('button', 'New chat'), 'Chat');
    await (await named('button', 'New chat')).click();
    const begun = 'Once upon a time';
    await (await named('textbox', 'Message')).type(begun);
    await (await named('button', 'Send')).click();
    await until(async () => (await log()).includes(begun), 'the question');
    await answered();
    if ((await log()).replace(begun, '').trim().length < 20) throw new Error(`no answer: ${await log()}`);
  });

  await check('nothing was complained about', async () => equal(complaints, [], 'console'));
} finally {
  await browser?.close();
  await server.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
if (process.env.FIREFOX_OUTPUT_FILE) writeFileSync(process.env.FIREFOX_OUTPUT_FILE, JSON.stringify(counts));
process.exit(counts.failed > 0 ? 1 : 0);
