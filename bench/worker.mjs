// The engine worker's own time for a token, in the built page in Chromium: a CPU profile of the worker while an answer
// is written, without the device's time.
// Usage: npm run build && node bench/worker.mjs
import { chromium as browserType } from 'playwright';
import { preview } from 'vite';
import { chromium } from '../tools/browsers.mjs';
import { browserArguments } from './browser-arguments.mjs';

const PORT = 41734;
const ANSWERS = 3;
const server = await preview({ preview: { host: '127.0.0.1', port: PORT, strictPort: true }, logLevel: 'error' });
const browser = await browserType.launch({
  executablePath: chromium(),
  args: browserArguments(),
});

/** Calls the debugger of each worker of a page. */
async function debuggers(page) {
  const session = await page.context().newCDPSession(page);
  const workers = [];
  const answers = new Map();
  let last = 0;
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.push({ sessionId, url: targetInfo.url });
  });
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    answers.get(id)?.(result);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const call = ({ sessionId }, method, params = {}) =>
    new Promise((resolve) => {
      const id = ++last;
      answers.set(id, resolve);
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
    });
  return { workers, call };
}

/** Milliseconds of a profile by the function that the thread was in. */
function timesOf({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const times = {};
  samples.forEach((id, i) => {
    const name = names.get(id) ?? '';
    times[name] = (times[name] ?? 0) + timeDeltas[i] / 1000;
  });
  return times;
}

try {
  const page = await browser.newPage();
  const { workers, call } = await debuggers(page);
  await page.goto(`http://127.0.0.1:${PORT}/`);
  await page.getByRole('button', { name: 'New chat' }).first().click();
  const answers = page.getByRole('log', { name: 'Conversation', exact: true }).locator('article.assistant');
  const ask = async (n, text) => {
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    const figures = answers.nth(n).locator('[data-text]');
    await figures.waitFor({ timeout: 300_000 });
    return (await figures.getAttribute('data-text')) ?? '';
  };
  await ask(0, 'Give me three tips for staying healthy.');
  for (const worker of workers) {
    await call(worker, 'Profiler.enable');
    await call(worker, 'Profiler.setSamplingInterval', { interval: 100 });
    await call(worker, 'Profiler.start');
  }
  const figures = [];
  for (let n = 1; n <= ANSWERS; n++) figures.push(await ask(n, 'Tell me a long story about a dog.'));
  for (const worker of workers) {
    const { profile } = await call(worker, 'Profiler.stop');
    const times = timesOf(profile);
    const busy = Object.entries(times).filter(([name]) => name !== '(idle)');
    const top = busy.toSorted(([, a], [, b]) => b - a).slice(0, 12);
    const busyMs = busy.reduce((sum, [, ms]) => sum + ms, 0);
    console.log(
      JSON.stringify({
        worker: new URL(worker.url).pathname.replace(/^.*\//, ''),
        figures,
        busyMs: Math.round(busyMs),
        idleMs: Math.round(times['(idle)'] ?? 0),
        top: Object.fromEntries(top.map(([name, ms]) => [name || '(anonymous)', Math.round(10 * ms) / 10])),
      }),
    );
  }
} finally {
  await browser.close();
  await server.close();
}
