// A first visit: the page is there at once, the bundled model loads behind a progress line, and a question is answered.
import { chat, expect, goTo, say, test } from './page';

test('the message box has the focus, and a question is answered', async ({ page }) => {
  await page.goto('/');
  const { message, send, stop, log } = chat(page);
  await expect(message).toBeFocused();
  for (const place of ['Chat', 'Instruct', 'Fine-tune', 'Models']) {
    await expect(page.getByRole('link', { name: place, exact: true })).toBeVisible();
  }
  // Send queues while the model loads
  await message.fill('What is the capital of France?');
  await expect(send).toBeEnabled();
  await send.click();
  await expect(stop).toBeVisible();
  await expect(log).toContainText('What is the capital of France?');
  await expect(stop).toBeHidden({ timeout: 90_000 });
  const answer = (await log.innerText()).replace('What is the capital of France?', '').trim();
  expect(answer.length).toBeGreaterThan(3);
});

test('progress is shown while the model comes', async ({ page }) => {
  await page.route('**/*.gguf', async (route) => {
    await new Promise((settle) => setTimeout(settle, 1500));
    await route.continue();
  });
  await page.goto('/');
  await expect(page.getByRole('progressbar').first()).toBeVisible();
  await say(page, 'Hello');
  await expect(page.getByRole('progressbar')).toHaveCount(0);
});

test('a software adapter is said to be slow', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText(/slow/i).first()).toBeVisible();
  await goTo(page, 'Models');
  await expect(page.getByRole('cell', { name: /^Pronk/ })).toBeVisible();
});
