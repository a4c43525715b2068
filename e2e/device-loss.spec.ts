// The GPU process dies in the middle of an answer: the person is told, the answer goes on, and so does the chat.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { answered, chat, expect, say, test } from './page';

test.use({ allowed: [/lost|GPU|context|Instance|Device/i] });
test.skip(process.platform !== 'linux', 'finds the GPU process in /proc');

/** Processes that this one started, directly or not. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // the parent is the second field after the name in brackets
        const [, rest = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ');
        return [[Number(name), Number(rest.split(' ')[1])] as const];
      } catch {
        return []; // gone since
      }
    });
  const children = (of: number): number[] =>
    parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...children(child)]);
  return children(pid);
}

const isGpuProcess = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=gpu-process');
  } catch {
    return false;
  }
};

function killGpu(): void {
  for (const pid of descendants(process.pid).filter(isGpuProcess)) execFileSync('kill', ['-9', String(pid)]);
}

test('an answer survives the loss of its device', async ({ page }) => {
  await page.goto('/');
  await say(page, 'Hello');
  const { message, send, log } = chat(page);
  await message.fill('Write a poem about the sea');
  await send.click();
  await expect(log).toContainText('The sea is wide');
  const before = await log.innerText();
  killGpu();
  await expect(page.getByText(/graphics device was lost/)).toBeVisible();
  await answered(page);
  const after = await log.innerText();
  expect(after.startsWith(before)).toBe(true);
  expect(after.length).toBeGreaterThan(before.length);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await say(page, 'Tell me a joke');
  await expect(log.getByRole('article')).toHaveCount(6);
});

test('without an adapter for a time, the page asks again by itself, and goes on', async ({ page }) => {
  await page.route('**/worker-*.js', async (route) => {
    const response = await route.fetch();
    const refusing = `{
      const { requestAdapter } = GPU.prototype;
      GPU.prototype.requestAdapter = function (...args) {
        return performance.now() < 6000 ? Promise.resolve(null) : requestAdapter.apply(this, args);
      };
    }`;
    await route.fulfill({ response, body: `${refusing}\n${await response.text()}` });
  });
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('no graphics adapter for now');
  await expect(page.getByText(/Asks again in \d+ s/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ask now' })).toBeVisible();
  const { message, send } = chat(page);
  await message.fill('Hello');
  await expect(send).toBeDisabled();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await send.click();
  await answered(page);
  await say(page, 'Tell me a joke');
});

test('an answer, and the chat after it, survive a browser that refuses an adapter for minutes', async ({ page }) => {
  test.skip(!process.env['PRONK_LONG'], 'takes minutes: npm run test:long');
  test.setTimeout(600_000);
  await page.goto('/');
  await say(page, 'Hello');
  const { message, send, log } = chat(page);
  await message.fill('Write a very long poem about the sea');
  await send.click();
  for (let kill = 0; kill < 2; kill++) {
    const length = (await log.innerText()).length;
    await expect.poll(async () => (await log.innerText()).length).toBeGreaterThan(length);
    killGpu();
    // a new process, or a refusal
    if (kill === 0) await expect.poll(() => descendants(process.pid).filter(isGpuProcess).length).toBe(1);
  }
  const before = await log.innerText();
  await expect(page.getByRole('alert')).toContainText('no graphics device for now');
  await expect(page.getByRole('alert')).toHaveCount(0, { timeout: 200_000 });
  await answered(page);
  const after = await log.innerText();
  expect(after.startsWith(before.trimEnd())).toBe(true);
  expect(after).not.toContain('was lost while');
  await say(page, 'Tell me a joke');
});
