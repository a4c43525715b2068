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

test('an answer survives the loss of its device', async ({ page }) => {
  await page.goto('/');
  await say(page, 'Hello');
  const { message, send, log } = chat(page);
  await message.fill('Write a poem about the sea');
  await send.click();
  await expect(log).toContainText('The sea is wide');
  const before = await log.innerText();
  for (const pid of descendants(process.pid).filter(isGpuProcess)) execFileSync('kill', ['-9', String(pid)]);
  await expect(page.getByText(/graphics device was lost/)).toBeVisible();
  await answered(page);
  const after = await log.innerText();
  expect(after.startsWith(before)).toBe(true);
  expect(after.length).toBeGreaterThan(before.length);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await say(page, 'Tell me a joke');
  await expect(log.getByRole('article')).toHaveCount(6);
});
