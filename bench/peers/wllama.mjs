// wllama (llama.cpp in WebAssembly and WebGPU) in Chromium: one run of each point, as one line of JSON. Where the browser's
// adapter has no f16, wllama computes on the CPU, and says so.
// Usage: node bench/peers/wllama.mjs '{"peers": DIR, "model": PATH.gguf, "contexts": […], "prompts": […], "tokens": N}'
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { chromium as browserType } from 'playwright';
import { chromium } from '../../tools/browsers.mjs';
import { browserArguments } from '../browser-arguments.mjs';

const { peers, model, contexts, prompts, tokens } = JSON.parse(process.argv[2]);
const library = join(peers, 'node_modules/@wllama/wllama/esm');
const types = { js: 'text/javascript', html: 'text/html', wasm: 'application/wasm' };

/** Headers with which the page may use threads. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/')
    return response.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end('<!doctype html>');
  const path = pathname === '/model.gguf' ? model : resolve(library, `.${pathname}`);
  if (path !== model && !(path.startsWith(library) && existsSync(path))) return response.writeHead(404).end();
  const type = types[path.split('.').at(-1)] ?? 'application/octet-stream';
  response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': statSync(path).size });
  return createReadStream(path).pipe(response);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = await browserType.launch({ executablePath: chromium(), args: browserArguments() });
try {
  const page = await browser.newPage();
  const log = [];
  page.on('console', (message) => log.push(message.text()));
  await page.goto(address);
  const result = await page.evaluate(
    async ({ contexts: depths, prompts: lengths, tokens: count }) => {
      const { Wllama } = await import(new URL('/index.js', location.href).href);
      const started = performance.now();
      const file = await (await fetch('/model.gguf')).blob();
      const fetched = performance.now();
      const wllama = new Wllama({ default: '/wasm/wllama.wasm' }, { suppressNativeLog: false });
      const longest = Math.max(...depths, ...lengths);
      await wllama.loadModel([file], { n_ctx: longest + count + 8, n_batch: 512 });
      const loaded = performance.now();
      // each letter is a token, and the first one makes each prompt another
      const text = (length, first) => first + 'a'.repeat(length - 2);
      const run = async (length, first, most) =>
        (
          await wllama.createCompletion({
            prompt: text(length, first),
            max_tokens: most,
            temperature: 0,
            cache_prompt: false,
            ignore_eos: true,
          })
        ).timings;
      await run(lengths[0], 'b', 2);
      const answered = performance.now();
      const prefillMs = {};
      const read = {};
      for (const length of lengths) {
        const { prompt_ms: ms, prompt_n: n } = await run(length, 'c', 1);
        prefillMs[length] = ms;
        read[length] = n;
      }
      const decodeMs = {};
      for (const depth of depths) {
        const { predicted_ms: ms, predicted_n: n } = await run(depth, 'd', count + 1);
        decodeMs[depth] = ms / n;
      }
      return {
        loadMs: loaded - fetched,
        fetchMs: fetched - started,
        firstTokenMs: answered - fetched,
        prefillMs,
        decodeMs,
        read,
      };
    },
    { contexts, prompts, tokens },
  );
  const gpu = log.find((line) => /ggml_webgpu|WebGPU/i.test(line));
  console.log(JSON.stringify({ computes: gpu ? 'GPU' : 'CPU', ...result }));
} finally {
  await browser.close();
  server.close();
}
