// Rows come back as an array's splice would leave them, whatever was edited, and whatever moment a page dies at.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countRows, DatasetStore } from './datasets';
import { memoryStore } from './memory';
import { dyingAt } from './testing/dying';

const meta = { name: 'rows', format: 'Alpaca JSON' };
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ row: from + i }));

test('edits are an array’s', async () => {
  const edit = fc.record({
    at: fc.nat(2200),
    remove: fc.oneof(fc.nat(3), fc.nat(1500)),
    add: fc.oneof(fc.nat(3), fc.nat(1200)),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.nat(2000),
      fc.array(edit, { maxLength: 6 }),
      fc.nat(2500),
      fc.nat(2500),
      async (count, edits, a, b) => {
        const store = memoryStore();
        const datasets = new DatasetStore<{ row: number }>(store);
        const rows = numbered(count);
        const { id } = await datasets.add(meta, rows);
        for (const [i, { at, remove, add }] of edits.entries()) {
          const added = numbered(add, 10_000 * (i + 1));
          rows.splice(at, remove, ...added);
          const head = await datasets.replace(id, at, remove, added);
          expect(countRows(head)).toBe(rows.length);
        }
        expect(await datasets.rows(id)).toEqual(rows);
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(await datasets.rows(id, start, end)).toEqual(rows.slice(start, end));
        const head = await datasets.get(id);
        expect((await store.records.keys('datasets')).toSorted()).toEqual(
          [id, ...head.chunks.map(({ key }) => key)].toSorted(),
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('an edit touches the chunks that it lies in and no others', async () => {
  const datasets = new DatasetStore(memoryStore());
  const { id, chunks } = await datasets.add(meta, numbered(5000));
  const edited = await datasets.replace(id, 2000, 1, [{ row: -1 }]);
  expect(chunks.length).toBeGreaterThan(8);
  expect(edited.chunks.filter(({ key }) => !chunks.some((each) => each.key === key))).toHaveLength(1);
});

test('large rows make small chunks, and one larger than a chunk has its own', async () => {
  const datasets = new DatasetStore(memoryStore());
  const rows = [10, 2_000_000, 300_000, 300_000, 300_000, 300_000].map((length) => 'x'.repeat(length));
  const { id, chunks } = await datasets.add(meta, rows);
  expect(chunks.map((chunk) => chunk.rows)).toEqual([1, 1, 3, 1]);
  expect(await datasets.rows(id)).toEqual(rows);
});

describe('a page that dies', () => {
  test('at any moment of an edit leaves the rows before it or after it', async () => {
    const before = numbered(1500);
    const added = numbered(900, 5000);
    const after = before.toSpliced(700, 300, ...added);
    let untouched = 0;
    for (let n = 0; n < 12; n++) {
      const store = memoryStore();
      const { id } = await new DatasetStore(store).add(meta, before);
      await new DatasetStore(dyingAt(store, n)).replace(id, 700, 300, added).catch(() => {});
      const reopened = new DatasetStore(store);
      const [head] = await reopened.list();
      const rows = await reopened.rows(id);
      if (rows.length === before.length) untouched++;
      expect(rows).toEqual(rows.length === before.length ? before : after);
      // nothing is left of what was not finished
      expect(await store.records.keys('datasets')).toHaveLength(1 + head!.chunks.length);
    }
    expect(untouched).toBeGreaterThan(1);
    expect(untouched).toBeLessThan(8);
  });

  test('while it adds or removes a dataset', async () => {
    for (let n = 0; n < 5; n++) {
      const store = memoryStore();
      await new DatasetStore(dyingAt(store, n)).add(meta, numbered(1200)).catch(() => {});
      const [head] = await new DatasetStore(store).list();
      expect(await store.records.keys('datasets')).toHaveLength(head ? 1 + head.chunks.length : 0);
      if (!head) continue;
      await new DatasetStore(dyingAt(store, n)).remove(head.id).catch(() => {});
      const left = await new DatasetStore(store).list();
      expect(await store.records.keys('datasets')).toHaveLength(left.length === 0 ? 0 : 4);
    }
  });
});

test('an empty dataset, names, what is not there', async () => {
  const store = memoryStore();
  const datasets = new DatasetStore(store);
  const { id } = await datasets.add(meta, []);
  expect(await datasets.rows(id)).toEqual([]);
  await datasets.replace(id, 7, 3, ['a', 'b']);
  expect(await datasets.rows(id, 1)).toEqual(['b']);
  await datasets.rename(id, 'other');
  expect(await datasets.list()).toMatchObject([{ id, name: 'other', format: 'Alpaca JSON' }]);
  await datasets.replace(id, 0, 2, []);
  expect(countRows(await datasets.get(id))).toBe(0);
  await datasets.remove(id);
  await datasets.remove(id);
  expect(await datasets.list()).toEqual([]);
  await expect(datasets.rows(id)).rejects.toMatchObject({ code: 'missing-dataset' });
  await expect(datasets.replace(id, 0, 0, [])).rejects.toMatchObject({ code: 'missing-dataset' });
});

test('a chunk that is missing is said', async () => {
  const store = memoryStore();
  const datasets = new DatasetStore(store);
  const { id, chunks } = await datasets.add(meta, numbered(3));
  await store.records.delete('datasets', chunks[0].key);
  await expect(datasets.rows(id)).rejects.toMatchObject({ code: 'corrupt-file' });
});
