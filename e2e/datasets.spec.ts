// Files with faults, as a person meets them: what is good is there at once, the rest is repaired, left out or taken away.
import { expect, goTo, test } from './page';
import { fineTune, rowsFile } from './train';
import type { Page } from 'playwright/test';

const row = (i: number) => ({ instruction: `Ask ${i}.`, input: '', output: `Answer ${i}.` });

async function add(page: Page, content: Buffer | string, name: string): Promise<void> {
  await page.goto('/');
  await goTo(page, 'Fine-tune');
  const file = typeof content === 'string' ? rowsFile(content, name) : { ...rowsFile('', name), buffer: content };
  await fineTune(page).dataset.setInputFiles(file);
}

test('a bad row stays with its text, and is repaired or left out', async ({ page }) => {
  await add(
    page,
    `[${JSON.stringify(row(1))}, {"instruction": "Ask 2."}, {"oops}, ${JSON.stringify(row(4))}]`,
    'mixed.json',
  );
  const unread = page.getByRole('region', { name: 'Rows that could not be read' });
  await expect(unread).toContainText('2 rows of 4 could not be read');
  await unread.getByRole('button', { name: 'Repair the next one' }).click();
  const text = page.getByLabel('The row as it stands in the file');
  await expect(text).toHaveValue('{"instruction":"Ask 2."}');
  await expect(page.locator('.row-editor').getByText('It has no field output')).toBeVisible();
  await page.getByRole('button', { name: 'Read it again' }).click();
  await expect(page.locator('.row-editor').getByText('It has no field output')).toBeVisible();
  await text.fill('{"instruction":"Ask 2.","output":"Answer 2."}');
  await page.getByRole('button', { name: 'Read it again' }).click();
  await expect(page.getByLabel('Output', { exact: true })).toHaveValue('Answer 2.');
  await expect(unread).toContainText('1 row of 4 could not be read');
  // what was typed survives the page
  await unread.getByRole('button', { name: 'Repair it' }).click();
  await expect(text).toHaveValue('{"oops}');
  await page.reload();
  await unread.getByRole('button', { name: 'Leave it out' }).click();
  await expect(unread).toHaveCount(0);
  await expect(page.getByText('3 rows · Alpaca JSON')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(unread).toContainText('1 row of 4 could not be read');
});

test('an encoding is asked for where a text is not UTF-8', async ({ page }) => {
  await add(page, Buffer.from('instruction,output\nSag Gr\xfc\xdfe.,Gr\xfc\xdfe\n', 'latin1'), 'western.csv');
  const dialog = page.getByRole('dialog', { name: 'How is western.csv written?' });
  await expect(dialog).toContainText('Sag Grüße.,Grüße');
  await dialog.getByLabel('Encoding').selectOption('windows-1251');
  await expect(dialog).toContainText('Sag GrьЯe.');
  await dialog.getByLabel('Encoding').selectOption('windows-1252');
  await dialog.getByRole('button', { name: 'Read the rows' }).click();
  await expect(page.getByLabel('Instruction', { exact: true })).toHaveValue('Sag Grüße.');
});

test('five thousand rows are searched, and those with problems listed', async ({ page }) => {
  const rows = Array.from({ length: 5000 }, (_, i) => row(i));
  rows[4321] = { instruction: 'Where do vicuñas live?', input: '', output: '' };
  await add(page, JSON.stringify(rows), 'many.json');
  const list = fineTune(page).rows;
  await expect(list.getByRole('option').first()).toBeVisible();
  const search = page.getByRole('search');
  await search.getByLabel('Search the rows').fill('VICUÑAS');
  await expect(list.getByRole('option')).toHaveCount(1);
  await expect(search.getByRole('status')).toHaveText('1 of 5,000');
  await list.getByRole('option').click();
  await expect(page.getByRole('heading', { name: 'Row 4,322' })).toBeVisible();
  await search.getByLabel('Search the rows').fill('no such words');
  await expect(page.getByText('No row contains that.')).toBeVisible();
  await search.getByLabel('Search the rows').fill('');
  await expect(search.getByRole('status')).toHaveText('');
  await search.getByLabel('with problems').check();
  await expect(list.getByRole('option')).toHaveCount(1, { timeout: 60_000 });
  await expect(list.getByRole('option')).toContainText('vicuñas');
});
