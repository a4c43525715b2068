// Tabs that die right after Send, and two windows of one chat: no question is lost, and no answer streams for ever.
import type { BrowserContext, Page } from 'playwright/test';
import { answered, chat, expect, listen, say, test } from './page';
import { storedIn } from './stored';

const CRASHES = process.env['PRONK_LONG'] ? 12 : 3;
test.setTimeout(120_000 + CRASHES * 20_000);

interface StoredChat {
  readonly turns: readonly { readonly role: string; readonly content: string; readonly state?: string }[];
}
const storedTurns = async (page: Page) =>
  (await storedIn<StoredChat>(page, 'pronk-chats', 'chats')).flatMap(({ turns }) => turns);

async function crash(context: BrowserContext, page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash');
  const session = await context.newCDPSession(page);
  void session.send('Page.crash').catch(() => {});
  await crashed;
  await page.close();
}

test('a tab that crashes within 50 ms of Send has kept the question', async ({ page, context }) => {
  await page.goto('/');
  await say(page, 'Hello');
  let last = page;
  for (let n = 0; n < CRASHES; n++) {
    const question = `What is ${n} and ${n}?`;
    const { message, send } = chat(last);
    await message.fill(question);
    const session = await context.newCDPSession(last);
    const crashed = last.waitForEvent('crash');
    await send.evaluate((button: HTMLElement) => button.click());
    await new Promise((settle) => setTimeout(settle, (50 * n) / CRASHES));
    void session.send('Page.crash').catch(() => {});
    await crashed;
    await last.close();
    last = await context.newPage();
    await last.goto('/');
    await expect(chat(last).log).toContainText(question);
    await expect(last.getByRole('alert')).toContainText('closed before this answer was complete');
    await expect.poll(async () => (await storedTurns(last)).map(({ content }) => content)).toContain(question);
  }
  const asked = (await storedTurns(last)).filter(({ role }) => role === 'user');
  expect(asked.map(({ content }) => content)).toHaveLength(CRASHES + 1);
});

test('two windows that send at once into one chat both get their answers; what a dead one wrote is marked', async ({
  page,
  context,
}) => {
  const complaints: string[] = [];
  await page.goto('/');
  await say(page, 'Hello');
  const other = await context.newPage();
  listen(other, complaints);
  await other.goto('/');
  await expect(chat(other).log).toContainText('Hello');
  const both = [page, other];
  for (const [n, each] of both.entries()) await chat(each).message.fill(`Tell me joke number ${n}`);
  await Promise.all(both.map((each) => chat(each).send.click()));
  for (const each of both) await answered(each);
  await expect
    .poll(async () => (await storedTurns(page)).flatMap(({ role, state }) => (role === 'user' ? [] : state)))
    .toEqual(['stop', 'stop', 'stop']);
  for (const each of both) await expect(each.locator('.busy')).toHaveCount(0);

  const { message, send, log } = chat(other);
  await message.fill('Write a very long poem.');
  await send.click();
  await expect.poll(async () => (await log.innerText()).length).toBeGreaterThan(60);
  await expect(page.locator('.busy')).toHaveCount(1);
  await crash(context, other);
  await expect(page.locator('.busy')).toHaveCount(0);
  await expect
    .poll(async () => (await storedTurns(page)).filter(({ state }) => state === 'streaming' || state === 'failed'))
    .toMatchObject([{ state: 'failed', error: { code: 'interrupted' } }]);
  expect(complaints).toEqual([]);
});
