// A run that is cut off at random moments, by a reload, a closed tab or a renderer that crashes, ends with the very adapter
// of a run that nothing happened to. `npm run test:long` does it 36 times.
import type { BrowserContext, Page } from 'playwright/test';
import { expect, goTo, listen, test } from './page';
import { storedIn } from './stored';
import { CANARY, done, exportPeft, fineTune, prepare, QUICK, reached, weightsOf, withRows } from './train';

const KILLS = process.env['PRONK_LONG'] ? 36 : 3;
const SEED = 20261121;
/** Most of one run; those that are gone on with are cut off again. */
const KILLS_OF_A_RUN = 2;
const STEPS = QUICK.max_steps;
const WAYS = ['reload', 'close', 'crash'] as const;

test.setTimeout(180_000 + KILLS * 90_000);

/** Adapters by run, and shards of training that belong to no run: what a killed page may leave behind. */
async function stored(page: Page) {
  const runs = await storedIn<object>(page, 'pronk-trainings', 'trainings');
  const adapters = await storedIn<{ name: string; shards: { key: string }[] }>(page, 'pronk-adapters', 'adapters');
  const named = JSON.stringify([runs, adapters]);
  const keys = await storedIn<string>(page, 'pronk-shards', 'shards', true);
  return {
    adapters: adapters.map(({ name }) => name),
    lost: keys.filter((key) => /^(training|adapter)\//.test(key) && !named.includes(JSON.stringify(key))),
  };
}

/** Ends a page in one of the ways that pages end, and opens it again. */
async function killed(context: BrowserContext, page: Page, way: (typeof WAYS)[number]): Promise<Page> {
  let next = page;
  if (way === 'reload') await page.reload();
  else {
    if (way === 'crash') {
      const crashed = page.waitForEvent('crash');
      const session = await context.newCDPSession(page);
      void session.send('Page.crash').catch(() => {});
      await crashed;
    }
    await page.close();
    next = await opened(context);
  }
  await goTo(next, 'Fine-tune');
  return next;
}

const complaints: string[] = [];
async function opened(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  listen(page, complaints);
  await prepare(page, { ...QUICK, save_steps: 2 });
  await page.goto('/');
  return page;
}

async function begin(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name of the run').fill(name);
  await fineTune(page).start.click();
}

/** The adapter of a run that is done, as bytes. */
async function weights(page: Page, name: string): Promise<Buffer> {
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
  await done(page);
  await page.getByLabel('Adapter', { exact: true }).selectOption(name);
  return weightsOf(await exportPeft(page));
}

/** Brings a run that may have been cut off to its end; whether it went on from where it was. */
async function goOn(page: Page, name: string): Promise<'resumed' | 'begun' | 'done'> {
  const runs = page.getByRole('region', { name: 'Past runs' });
  // they come together
  await expect(runs.getByRole('checkbox', { name: 'Compare Whole' })).toBeVisible();
  const row = runs.getByRole('listitem').filter({ has: page.getByRole('checkbox', { name: `Compare ${name}` }) });
  if ((await row.count()) === 0) {
    await begin(page, name);
    return 'begun';
  }
  await row.getByRole('button', { name: new RegExp(`^${name}`) }).click();
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
  if ((await fineTune(page).state.innerText()) === 'Done') return 'done';
  await fineTune(page).resume.click();
  return 'resumed';
}

test(`${KILLS} kills of a training, each at its own moment`, async ({ context }) => {
  let page = await opened(context);
  await withRows(page, [CANARY, { instruction: 'What is the capital of Peru?', input: '', output: 'Lima.' }]);
  const began = Date.now();
  await begin(page, 'Whole');
  await done(page);
  const whole = Date.now() - began;
  const reference = await weights(page, 'Whole');

  let state = SEED;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const ends = { resumed: 0, begun: 0, done: 0 };
  const cuts = () => ends.resumed + ends.begun;
  for (let run = 1; cuts() < KILLS; run++) {
    const name = `Run ${run}`;
    const story: string[] = [];
    await begin(page, name);
    for (let n = 0; n < KILLS_OF_A_RUN && cuts() < KILLS; n++) {
      // by steps, as the machine may be slower or quicker than it was
      const step = Math.floor(random() * STEPS);
      const later = Math.round((random() * whole) / STEPS);
      const way = WAYS[Math.floor(random() * WAYS.length)];
      if (step > 0) {
        await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
        await reached(page, step);
      }
      await page.waitForTimeout(later);
      page = await killed(context, page, way);
      const end = await goOn(page, name);
      ends[end]++;
      story.push(`${way} ${later} ms after step ${step}: ${end}`);
      // it came too late
      if (end === 'done') break;
    }
    const ended = await weights(page, name);
    expect(ended.equals(reference), story.join(', ')).toBe(true);
    const { adapters, lost } = await stored(page);
    expect(
      adapters.filter((each) => each === name),
      story.join(', '),
    ).toHaveLength(1);
    expect(lost, story.join(', ')).toEqual([]);
    console.log(`  ${name}: ${story.join(', ')}`);
  }
  console.log(`${cuts()} kills, runs of ${whole} ms: ${JSON.stringify(ends)}`);
  expect(ends.resumed).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
});
