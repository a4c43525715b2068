// After one visit the page needs no network.
import { expect, say, test } from './page';

test.use({ allowed: [/ERR_INTERNET_DISCONNECTED|Failed to fetch/] });

test('chats offline after one visit, and nothing leaves the machine', async ({ page, context, baseURL }) => {
  const elsewhere: string[] = [];
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(baseURL!) && !/^(data|blob):/.test(url)) elsewhere.push(url);
  });
  await page.goto('/');
  await say(page, 'Hello');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await context.setOffline(true);
  await page.reload();
  const text = await say(page, 'Are you still there?');
  expect(text.replace('Are you still there?', '').trim().length).toBeGreaterThan(5);
  expect(elsewhere).toEqual([]);
});
