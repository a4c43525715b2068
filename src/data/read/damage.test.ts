// One damaged character costs the row that it stands in, and at worst its neighbour: wherever it is, and however rows are listed.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import { readDataset } from './index';

const ROWS = 20;
const rows = Array.from({ length: ROWS }, (_, i) => ({
  instruction: `Say “${i}”, then {stop}.`,
  input: i % 3 ? '' : `[${i}]`,
  output: `It's ${i}: "yes", no`,
}));
const chats = rows.map(({ instruction, output }) => ({
  messages: [
    { role: 'user', content: instruction },
    { role: 'assistant', content: output },
  ],
}));
const cells = (texts: readonly string[]) => texts.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');

const forms: Readonly<Record<string, string>> = {
  'x.json': JSON.stringify(rows),
  'pretty.json': JSON.stringify(rows, null, 2),
  'chats.json': JSON.stringify(chats, null, 1),
  'x.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
  'x.csv': ['instruction,input,output', ...rows.map((row) => cells(Object.values(row)))].join('\r\n'),
};

test.each(Object.keys(forms))('%s', async (name) => {
  const text = forms[name];
  // the header of a table, and the bracket before the first row, are no row's
  const first = name.endsWith('.csv') ? text.indexOf('\n') + 1 : 3;
  const place = fc.integer({ min: first, max: text.length - 3 });
  const character = fc.constantFrom('', '"', '\\', '{', '}', ']', 'x', '\n', ',', "'", '\t');
  await fc.assert(
    fc.asyncProperty(place, character, async (at, put) => {
      const damaged = text.slice(0, at) + put + text.slice(at + 1);
      const made = await readDataset(bytesSource(new TextEncoder().encode(damaged), name));
      if (made.kind !== 'rows') throw new Error('columns');
      expect(made.rows.length).toBeGreaterThanOrEqual(ROWS - 2);
    }),
    { numRuns: 150 },
  );
});

test('files that are long and wrong throughout are read in time', async () => {
  const size = 400_000;
  for (const text of [
    '['.repeat(size),
    '{"a":'.repeat(size / 5),
    '"'.repeat(size + 1),
    `[${'{"a":"b},\n'.repeat(size / 10)}]`,
  ]) {
    const start = performance.now();
    await readDataset(bytesSource(new TextEncoder().encode(text), 'x.json')).catch(() => {});
    expect(performance.now() - start).toBeLessThan(20_000);
  }
});
