// What the specs share: a page that fails its test on any error, and Chat's parts by their names.
import { expect, type Page, test as base } from 'playwright/test';

/** Errors and WebGPU's complaints, which browsers print as warnings. */
const BAD = /error|invalid|validation|destroyed/i;

/** Collects what a page complains about. */
export function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' || (message.type() === 'warning' && BAD.test(text))) complaints.push(text);
  });
}

export const test = base.extend<{ allowed: RegExp[] }>({
  /** Console messages that a test causes on purpose. */
  allowed: [[], { option: true }],
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the parameter's names
  baseURL: async ({}, use) => use(process.env['PRONK_E2E_URL']),
  page: async ({ page, allowed }, use) => {
    const complaints: string[] = [];
    listen(page, complaints);
    await use(page);
    expect(complaints.filter((text) => !allowed.some((pattern) => pattern.test(text)))).toEqual([]);
  },
});

export { expect };

/** Chat, by the names that people and scripts rely on. */
export const chat = (page: Page) => ({
  message: page.getByRole('textbox', { name: 'Message', exact: true }),
  send: page.getByRole('button', { name: 'Send', exact: true }),
  stop: page.getByRole('button', { name: 'Stop', exact: true }),
  log: page.getByRole('log', { name: 'Conversation', exact: true }),
});

/** Sends a message and waits for the whole answer; the conversation's text afterwards. */
export async function say(page: Page, text: string): Promise<string> {
  const { message, send, log } = chat(page);
  await message.fill(text);
  await send.click();
  await expect(log).toContainText(text);
  await answered(page);
  return log.innerText();
}

/** Waits until nothing is being generated. */
export async function answered(page: Page): Promise<void> {
  const { send, stop } = chat(page);
  await expect(stop).toBeHidden({ timeout: 90_000 });
  await expect(send).toBeVisible();
}

/** Opens one of the four places. */
export async function goTo(page: Page, place: 'Chat' | 'Instruct' | 'Fine-tune' | 'Models'): Promise<void> {
  await page.getByRole('link', { name: place, exact: true }).click();
}
