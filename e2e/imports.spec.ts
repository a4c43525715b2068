// Imports from the plan to the model: what is shown before a byte is copied, encrypted files in any order, the Hub.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright/test';
import { startServer } from '../src/hub/testing/server.mjs';
import { TALES, TALES_FILES, TALES_GGUF } from '../src/testing/fixtures';
import { expect, goTo, say, test } from './page';

interface Payload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}
const payload = (name: string, buffer: Buffer): Payload => ({ name, mimeType: 'application/octet-stream', buffer });

const card = (page: Page, name: RegExp) => page.getByRole('region', { name });
const add = (page: Page, files: string | readonly Payload[]) =>
  page
    .getByLabel('Add files', { exact: true })
    .setInputFiles(typeof files === 'string' ? files : files.map((file) => ({ ...file })));

async function models(page: Page): Promise<void> {
  await page.goto('/');
  await goTo(page, 'Models');
}

/** Bytes that this page keeps. */
const kept = (page: Page) =>
  page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name ?? '');
    const counts = await Promise.all(
      names
        .filter((name) => /models|shards/.test(name))
        .map(
          (name) =>
            new Promise<number>((resolve) => {
              const opening = indexedDB.open(name);
              opening.onsuccess = () => {
                const [store] = opening.result.objectStoreNames;
                const count = opening.result.transaction(store).objectStore(store).count();
                count.onsuccess = () => {
                  opening.result.close();
                  resolve(count.result);
                };
              };
            }),
        ),
    );
    return counts.reduce((sum, each) => sum + each, 0);
  });

test('the plan says what it takes, and a model is made as was chosen', async ({ page }) => {
  await models(page);
  await expect(page.getByRole('cell', { name: /^Pronk/ })).toBeVisible();
  const before = await kept(page);
  await add(page, TALES_GGUF);
  const plan = card(page, /^Import of tales/);
  await expect(plan.getByRole('group', { name: 'Quantization' })).toBeVisible();
  const eight = plan.getByRole('radio', { name: '8 bits' });
  await expect(eight).toBeEnabled();
  await expect(plan).toContainText(/stored/);
  await expect(plan).toContainText(/of GPU memory/);
  expect(await kept(page)).toBe(before);

  await eight.check();
  await plan.getByLabel('Context').selectOption('256');
  await plan.getByLabel('Name').fill('Small stories');
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  const row = page.getByRole('row', { name: /^Small stories/ });
  await expect(row).toContainText('q8');
  await row.getByRole('button', { name: 'Use Small stories' }).click();
  await expect(row).toContainText('In use');
  await goTo(page, 'Chat');
  const note = page.getByText('Small stories has no chat template, so Pronk uses Alpaca’s format');
  await expect(note).toBeVisible();
  await say(page, 'Once upon a time');
  await page.getByLabel('Prompt style').selectOption('Point-Alpaca');
  await expect(note).toHaveCount(0);
});

test('what is here already is said to be, at the size that was planned, and can be used or added again', async ({
  page,
}) => {
  await models(page);
  await add(page, [
    ...[...plainFiles()].map(([name, bytes]) => payload(name, bytes)),
    payload('holiday.txt', Buffer.from('none of it')),
  ]);
  const plan = card(page, /^Import of/);
  await expect(plan).toContainText('Not part of the model, and not read: holiday.txt.');
  const planned = await plan
    .locator('label.choice')
    .filter({ hasText: '8 bits' })
    .getByText(/ stored$/)
    .innerText();
  await plan.getByRole('radio', { name: '8 bits' }).check();
  await plan.getByLabel('Name').fill('First');
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  const row = page.getByRole('row', { name: /^First/ });
  await expect(row).toContainText(planned.replace(' stored', ''));
  await expect(row).not.toContainText('holiday');

  await add(
    page,
    [...plainFiles()].map(([name, bytes]) => payload(name, bytes)),
  );
  await expect(plan).toContainText('This model is already here, as First (8 bits).');
  await plan.getByRole('button', { name: 'Use First' }).click();
  await expect(row).toContainText('In use');
  await plan.getByLabel('Name').fill('Second');
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(page.getByRole('row', { name: /^Second/ })).toBeVisible();
});

test('a plan that is cancelled leaves nothing', async ({ page }) => {
  await models(page);
  await expect(page.getByRole('cell', { name: /^Pronk/ })).toBeVisible();
  const before = await kept(page);
  await add(page, TALES_GGUF);
  const plan = card(page, /^Import of tales/);
  await plan.getByRole('button', { name: 'Cancel' }).click();
  await expect(plan).toHaveCount(0);
  expect(await kept(page)).toBe(before);
});

test('the keyboard keeps its place from the plan to the model', async ({ page }) => {
  await models(page);
  const adding = page.getByLabel('Add files', { exact: true });
  for (const last of ['Cancel', 'Start']) {
    await adding.focus();
    await add(page, TALES_GGUF);
    const plan = card(page, /^Import of tales/);
    await expect(plan.getByRole('button', { name: 'Start', exact: true })).toBeFocused();
    await plan.getByRole('button', { name: last, exact: true }).press('Enter');
    if (last === 'Cancel') await expect(adding).toBeFocused();
  }
  const use = page.getByRole('button', { name: 'Use tales' });
  await expect(use).toBeFocused();
  await use.press('Enter');
  await expect(page.getByRole('button', { name: 'Details of tales' })).toBeFocused();
  const menu = page.getByRole('button', { name: 'More about tales' });
  await menu.press('Enter');
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).press('Enter');
  await page.keyboard.press('Escape');
  await expect(menu).toBeFocused();
  await menu.press('Enter');
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter');
  await expect(adding).toBeFocused();
});

test('a context that was chosen is loaded, and checks pass', async ({ page }) => {
  await models(page);
  await page.getByRole('button', { name: /^Details of Pronk/ }).click();
  await page.getByLabel(/^Context of Pronk/).selectOption('256');
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('is intact: every byte is as it was stored.')).toBeVisible();
});

test('a model leaves as GGUF, comes back the same, and its perplexity is measured', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showDirectoryPicker'));
  await models(page);
  await add(
    page,
    [...plainFiles()].map(([name, bytes]) => payload(name, bytes)),
  );
  const plan = card(page, /^Import of/);
  await plan.getByRole('radio', { name: '8 bits' }).check();
  await plan.getByLabel('Name').fill('Eight');
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('button', { name: 'More about Eight' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Export as GGUF' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('Eight.gguf');
  const gguf = readFileSync(await download.path());
  expect(gguf.subarray(0, 4).toString()).toBe('GGUF');

  const perplexityOf = async (name: string) => {
    await page.getByRole('button', { name: `More about ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Measure perplexity' }).click();
    // a model that knows its stories alone wavers between millions of tokens, which is written as 1.865e+6
    const words = page.getByText(/^Perplexity [\d.]+(e\+\d+)? on \d+ tokens of/);
    await expect(words).toBeVisible();
    return words.innerText();
  };
  const before = await perplexityOf('Eight');
  await page.reload();
  await add(page, [payload('back.gguf', gguf)]);
  await card(page, /^Import of/)
    .getByLabel('Name')
    .fill('Back');
  await card(page, /^Import of/)
    .getByRole('button', { name: 'Start', exact: true })
    .click();
  await expect(page.getByRole('row', { name: /^Back/ })).toBeVisible();
  expect(await perplexityOf('Back')).toBe(before);
});

const KEY = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919 + 13) & 255));

/** point-alpaca's container in its closed form; a key below 10 MiB repeats inside each 10 MiB of data. */
function encrypted(name: string, plain: Buffer): Payload {
  const digest = createHash('sha256').update(plain).digest();
  const chunk = 10 * 1024 * 1024;
  const cipher = Buffer.from(plain.map((byte, p) => byte ^ KEY[(p % chunk) % KEY.length]));
  return payload(`${name}.${digest.toString('hex')}.enc`, Buffer.concat([digest, cipher]));
}

const plainFiles = () => new Map(TALES_FILES.map((name) => [name, readFileSync(`${TALES}/${name}`)]));

test.describe('encrypted files', () => {
  const enc = () => [...plainFiles()].map(([name, bytes]) => encrypted(name, bytes));
  const key = payload('consolidated.00.pth', KEY);

  for (const [order, drops] of [
    ['the key first', () => [[key], enc().slice(0, 1), enc().slice(1)]],
    ['the key last', () => [enc().slice(1), enc().slice(0, 1), [key]]],
  ] as const) {
    test(`${order}: one plan, and a model of it`, async ({ page }) => {
      await models(page);
      for (const files of drops()) {
        await add(page, files);
        await expect(card(page, /^Import of/)).toHaveCount(1);
      }
      const plan = card(page, /^Import of/);
      const make = plan.getByRole('button', { name: 'Make a model' });
      await expect(make).toBeEnabled();
      await plan.getByLabel('Name').fill('Secret stories');
      await make.click();
      await expect(page.getByRole('row', { name: /^Secret stories/ })).toBeVisible();
    });
  }

  test('the card asks for the key that is missing, and takes it', async ({ page }) => {
    await models(page);
    await add(page, enc());
    const plan = card(page, /^Import of/);
    await plan.getByLabel('Add the key').setInputFiles({ ...key });
    await expect(plan.getByRole('button', { name: 'Make a model' })).toBeEnabled();
    await expect(plan.getByLabel('Add the key')).toHaveCount(0);
  });

  test('decrypted files are saved as they were, and a wrong key saves none', async ({ page }) => {
    // without a folder picker, files are downloaded
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showDirectoryPicker'));
    await models(page);
    const config = plainFiles().get('config.json')!;
    await add(page, [encrypted('config.json', config), key]);
    const plan = card(page, /^Import of/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      plan.getByRole('button', { name: 'Save decrypted files' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('config.json');
    expect(readFileSync(await download.path())).toEqual(config);
    await plan.getByText('1 file of another publisher').click();
    await expect(plan.getByText('decrypted', { exact: true })).toBeVisible();
    await plan.getByRole('button', { name: 'Cancel' }).click();

    await add(page, [encrypted('config.json', config), payload('consolidated.00.pth', Buffer.alloc(1000, 1))]);
    await expect(plan.getByRole('alert')).toContainText('is not the key');
    await expect(plan.getByRole('button', { name: 'Make a model' })).toBeDisabled();
  });
});

test.describe('the Hub', () => {
  test.use({ allowed: [/401|403|404|Failed to load resource/] });

  test('an address is looked up, a token is asked for, and the model comes', async ({ page }) => {
    const files = Object.fromEntries(plainFiles());
    const server = await startServer({
      repositories: { 'test/stories': { files, token: 'hf_test', gated: 'manual' } },
    });
    try {
      await models(page);
      const hub = page.getByRole('region', { name: 'Hugging Face Hub' });
      await hub.getByLabel('From the Hugging Face Hub').fill(`${server.url}/files/test/stories/`);
      await hub.getByRole('button', { name: 'Look up', exact: true }).click();
      await expect(hub.getByRole('alert')).toBeVisible();
      await hub.getByLabel('Access token').fill('hf_test');
      await hub.getByRole('button', { name: 'Use it' }).click();
      const plan = card(page, /^Import of/);
      await expect(plan).toContainText('to download');
      expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('hf_test');
      await plan.getByLabel('Name').fill('Fetched stories');
      await plan.getByRole('button', { name: 'Start', exact: true }).click();
      await expect(page.getByRole('row', { name: /^Fetched stories/ })).toBeVisible();
      const held = hub.getByText(/^The access token for 127\.0\.0\.1:\d+ is held until the page closes/);
      await expect(held).toBeVisible();
      await hub.getByRole('button', { name: 'Forget' }).click();
      await expect(held).toHaveCount(0);
    } finally {
      await server.close();
    }
  });
});

test.describe('a token and a redirect', () => {
  test.use({ allowed: [/401|403|404|Failed to load resource/] });

  test('the storage that the server redirects to never sees the token', async ({ page }) => {
    const files = Object.fromEntries(plainFiles());
    const server = await startServer({
      repositories: { 'test/stories': { files, token: 'hf_test', gated: 'manual' } },
    });
    const other = await startServer({ repositories: { 'test/stories': { files } } });
    try {
      await models(page);
      const hub = page.getByRole('region', { name: 'Hugging Face Hub' });
      const address = hub.getByLabel('From the Hugging Face Hub');
      await address.fill(`${server.url}/test/stories/resolve/main/`);
      await hub.getByRole('button', { name: 'Look up', exact: true }).click();
      await hub.getByLabel('Access token').fill('hf_test');
      await hub.getByRole('button', { name: 'Use it' }).click();
      const plan = card(page, /^Import of/);
      await plan.getByLabel('Name').fill('Fetched stories');
      await plan.getByRole('button', { name: 'Start', exact: true }).click();
      await expect(page.getByRole('row', { name: /^Fetched stories/ })).toBeVisible();
      // and another server is none of its business
      await address.fill(`${other.url}/files/test/stories/`);
      await hub.getByRole('button', { name: 'Look up', exact: true }).click();
      await expect(plan.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
      const carried = (log: typeof server.log, origin: string) =>
        new Set(
          log
            .filter((request) => request.origin === origin && request.method === 'GET')
            .map(({ headers }) => headers['authorization']),
        );
      expect(carried(server.log, server.url)).toContain('Bearer hf_test');
      expect(carried(server.log, server.storageUrl)).toEqual(new Set([undefined]));
      expect(carried(other.log, other.url)).toEqual(new Set([undefined]));
    } finally {
      await Promise.all([server.close(), other.close()]);
    }
  });
});

test.describe('a look-up', () => {
  test.use({ allowed: [/Failed to load resource|ERR_/] });

  test('is cancelled while nobody answers, and says when there is no network', async ({ page, context }) => {
    const server = await startServer({ faults: [{ kind: 'silence', times: 1000 }] });
    try {
      await models(page);
      const hub = page.getByRole('region', { name: 'Hugging Face Hub' });
      const address = hub.getByLabel('From the Hugging Face Hub');
      await address.fill(`${server.url}/files/test/stories/`);
      await hub.getByRole('button', { name: 'Look up', exact: true }).click();
      await hub.getByRole('button', { name: 'Cancel the look-up' }).click();
      await expect(hub.getByRole('button', { name: 'Cancel the look-up' })).toHaveCount(0);
      await expect(card(page, /^Import of/)).toHaveCount(0);
      // what was typed stays, to be corrected
      await expect(address).toHaveValue(/files\/test\/stories/);
      await context.setOffline(true);
      await address.fill('owner/name');
      await hub.getByRole('button', { name: 'Look up', exact: true }).click();
      await expect(hub.getByRole('alert')).toContainText('Nothing was changed here.', { timeout: 10_000 });
    } finally {
      await server.close();
    }
  });
});

test.describe('an import that is cut off', () => {
  test.use({ allowed: [/Failed to load resource/] });

  test('rests when it is paused, survives a reload, and goes on', async ({ page }) => {
    const server = await startServer({ repositories: { 'test/stories': { files: Object.fromEntries(plainFiles()) } } });
    try {
      await models(page);
      const hub = page.getByRole('region', { name: 'Hugging Face Hub' });
      await hub.getByLabel('From the Hugging Face Hub').fill(`${server.url}/files/test/stories/`);
      await hub.getByRole('button', { name: 'Look up', exact: true }).click();
      const plan = card(page, /^Import of/);
      await plan.getByLabel('Name').fill('Patient stories');
      server.setFaults([{ kind: 'delay', match: 'model.safetensors', ms: 2000, times: 2 }]);
      await plan.getByRole('button', { name: 'Start', exact: true }).click();
      await plan.getByRole('button', { name: 'Pause', exact: true }).click();
      const resume = plan.getByRole('button', { name: 'Resume', exact: true });
      await expect(resume).toBeVisible();
      // cut off in the middle, without a word
      server.setFaults([{ kind: 'silence', match: 'model.safetensors', times: 1000 }]);
      await resume.click();
      await expect(plan.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
      await page.reload();
      await expect(plan.getByRole('button', { name: 'Discard' })).toBeVisible();
      server.setFaults([]);
      await plan.getByRole('button', { name: 'Resume', exact: true }).click();
      await expect(page.getByRole('row', { name: /^Patient stories/ })).toBeVisible();
      await expect(plan).toHaveCount(0);
    } finally {
      await server.close();
    }
  });
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious in plans and details, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await models(page);
    await add(page, TALES_GGUF);
    await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
    await add(page, [encrypted('config.json', plainFiles().get('config.json')!)]);
    await expect(page.getByRole('button', { name: 'Make a model' })).toBeVisible();
    await page.getByRole('button', { name: /^Details of Pronk/ }).click();
    await page.getByText('Tools', { exact: true }).click();
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 375, height: 667 }, hasTouch: true });

  test('a plan and a patch’s table are no wider than the screen', async ({ page }) => {
    await models(page);
    await add(page, TALES_GGUF);
    await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
    await add(page, [encrypted('a-rather-long-name-of-a-file-that-was-encrypted.json', Buffer.from('{}'))]);
    await expect(page.getByRole('button', { name: 'Make a model' })).toBeVisible();
    await page.getByRole('button', { name: /^Details of Pronk/ }).click();
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll('.page, .page *:not(.visually-hidden, .visually-hidden *)')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map(({ outerHTML }) => outerHTML.slice(0, 80)),
    );
    expect(wide).toEqual([]);
  });
});
