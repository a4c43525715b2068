// What the page and its workers may call, as a host that sends the built headers enforces it.
import type { Page, Worker } from 'playwright/test';
import { startServer } from '../src/hub/testing/server.mjs';
import { expect, test } from './page';

test.use({ allowed: [/Content Security Policy|Refused to|violates|ERR_|Failed to load resource/] });

/** The worker that holds the engine. */
async function engineWorker(page: Page): Promise<Worker> {
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
  await expect.poll(() => page.workers().some((worker) => /\/worker-/.test(worker.url()))).toBe(true);
  return page.workers().find((worker) => /\/worker-/.test(worker.url()))!;
}

/** The end of a request in a realm: an answer, a failure, or the directive of the policy that refused it. */
const call = (url: string) => {
  const asked = async (address: string) => {
    const scope = globalThis as unknown as EventTarget;
    const refused = new Promise<string>((resolve) => {
      scope.addEventListener(
        'securitypolicyviolation',
        (event) => resolve(`refused by ${(event as SecurityPolicyViolationEvent).effectiveDirective}`),
        { once: true },
      );
    });
    const answered = fetch(address, { signal: AbortSignal.timeout(3000) }).then(
      ({ status }) => `answered ${status}`,
      () => new Promise<string>((resolve) => setTimeout(() => resolve('failed'), 300)),
    );
    return Promise.race([refused, answered]);
  };
  return [asked, url] as const;
};

test('page and worker are served with headers, and no other page may frame this one', async ({
  page,
  request,
  baseURL,
}) => {
  const worker = await engineWorker(page);
  for (const url of ['/', worker.url(), '/sw.js']) {
    const headers = (await request.get(url)).headers();
    const policy = headers['content-security-policy'];
    expect(policy, url).toContain("default-src 'self'");
    expect(policy, url).toContain("frame-ancestors 'none'");
    expect(policy, url).toContain("connect-src 'self' https: http://localhost:* http://127.0.0.1:*");
    expect(policy, url).not.toContain("'unsafe-inline'");
    expect(policy, url).not.toContain("'unsafe-eval'");
    expect(headers['x-content-type-options'], url).toBe('nosniff');
    expect(headers['referrer-policy'], url).toBe('no-referrer');
  }
  await page.goto(`data:text/html,<iframe src="${baseURL}"></iframe>`);
  await expect.poll(() => page.frames().at(-1)?.url()).toMatch(/^chrome-error:/);
});

test('a worker reads models by https and from this machine, and calls nobody else', async ({ page }) => {
  const server = await startServer();
  try {
    const worker = await engineWorker(page);
    // a server of another machine, by plain http
    expect(await worker.evaluate(...call('http://192.0.2.1/model'))).toBe('refused by connect-src');
    expect(await worker.evaluate(...call(`${server.url}/control`))).toBe('answered 200');
    // not refused: there is only nobody who answers
    expect(await worker.evaluate(...call('https://localhost:1/'))).toBe('failed');
    // in a turn of its own, since what a debugger evaluates is let through
    const evaluates = () =>
      new Promise<string>((resolve) => {
        setTimeout(() => {
          try {
            resolve(String(new Function('return 1')()));
          } catch (error) {
            resolve((error as Error).name);
          }
        });
      });
    expect(await worker.evaluate(evaluates)).toBe('EvalError');
    // the page has no business with any server
    expect(await page.evaluate(...call(`${server.url}/control`))).toMatch(/^refused by/);
  } finally {
    await server.close();
  }
});
