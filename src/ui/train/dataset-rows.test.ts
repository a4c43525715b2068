import { createRoot } from 'solid-js';
import { afterEach, expect, test, vi } from 'vitest';
import type { Example } from '../../worker/contract';
import { createToy } from '../../worker/testing/toy-client';
import { stubLocalStorage } from '../testing/local-storage';
import { createDatasets } from './datasets';
import { createNotices } from '../shared/notices';
import { draftOf } from './row-text';

stubLocalStorage();
let dispose = () => {};
afterEach(() => dispose());
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });

const good = (i: number): Example => ({
  kind: 'instruct',
  instruction: `Ask ${i}.`,
  input: '',
  output: `Answer ${i}.`,
});
const bad = (text: string): Example => ({ kind: 'unread', text, code: 'not-json', problem: 'It is not JSON.' });

async function withRows(rows: Example[]) {
  const fake = createToy({ delay: 0, load: 0, step: 2, trained: true });
  const made = await fake.datasets.create('Mixed');
  await fake.datasets.edit(made.id, 0, 0, rows);
  const notices = createNotices();
  const datasets = createRoot((end) => {
    dispose = end;
    return createDatasets(fake, notices);
  });
  await until(() => expect(datasets.ready()).toBe(true));
  datasets.choose(made.id);
  await until(() => expect(datasets.rows.count()).toBe(rows.length));
  const stored = () => fake.datasets.rows(made.id, 0, 99);
  return { datasets, notices, stored };
}

test('rows that could not be read are repaired one after the other', async () => {
  const { datasets, stored } = await withRows([good(1), bad('{'), good(2), bad('}')]);
  const { rows } = datasets;
  expect(datasets.chosen()?.unread).toBe(2);
  await rows.goToUnread();
  expect(rows.selected()).toBe(1);
  await until(() => expect(rows.row(1)).toBeDefined());
  // what is still wrong stays as it was typed
  rows.change(1, { ...(bad('') as { kind: 'unread' } & Example), text: '{"instruction"' } as Example);
  await rows.readAgain(1);
  expect(rows.row(1)).toMatchObject({ kind: 'unread', text: '{"instruction"' });
  rows.change(1, bad('{"instruction":"Ask.","output":"Yes."}'));
  await rows.readAgain(1);
  expect(rows.row(1)).toMatchObject({ kind: 'instruct', output: 'Yes.' });
  await rows.flush();
  expect((await stored())[1]).toMatchObject({ kind: 'instruct', output: 'Yes.' });
  await until(() => expect(datasets.chosen()?.unread).toBe(1));
  await rows.goToUnread();
  expect(rows.selected()).toBe(3);
});

test('those that are left out come back by one undo', async () => {
  const all = [bad('a'), good(1), bad('b'), good(2), bad('c')];
  const { datasets, notices, stored } = await withRows(all);
  await datasets.rows.removeUnread();
  await datasets.rows.flush();
  expect(await stored()).toEqual([good(1), good(2)]);
  expect(datasets.rows.count()).toBe(2);
  const notice = notices.list().at(-1);
  expect(notice?.text).toBe('3 rows left out.');
  datasets.rows.undo();
  await datasets.rows.flush();
  expect(await stored()).toEqual(all);
});

test('rows are searched by their text, also after an edit', async () => {
  const { datasets } = await withRows([good(1), good(2), good(12)]);
  const { rows } = datasets;
  expect(rows.found()).toBeUndefined();
  rows.setSearch('Ask 1');
  await until(() => expect(rows.found()).toEqual([0, 2]));
  await until(() => expect(rows.row(0)).toBeDefined());
  rows.remove(0);
  await until(() => expect(rows.found()).toEqual([1]));
  rows.setSearch(' ');
  expect(rows.found()).toBeUndefined();
});

test('a row that is written in fields keeps what its text says', () => {
  expect(draftOf('{"instruction":"a","output":null}')).toEqual({
    kind: 'instruct',
    instruction: 'a',
    input: '',
    output: '',
  });
  expect(draftOf('{"question":"a","answer":{"b":1}}')).toMatchObject({ instruction: 'a', output: '{"b":1}' });
  expect(draftOf('{"a')).toEqual({ kind: 'instruct', instruction: '', input: '', output: '' });
});
