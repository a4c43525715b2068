import { expect, test } from 'vitest';
import { memoryStore } from '../../storage/memory';
import { keptIn } from './kept-choices';

const ASKED = { choices: { 'decode product': 'table' }, tried: { 'decode product': ['a', 'b'] }, attempts: 1 };

test('what was asked comes back by its key, and nothing else does', async () => {
  const store = memoryStore();
  const kept = keptIn(store);
  await kept.set('a device', ASKED);
  expect(await kept.get('a device')).toEqual(ASKED);
  expect(await kept.get('another device')).toBeUndefined();
});

test.each([
  ['choices alone', { 'decode product': 'table' }],
  ['a choice that is no name', { ...ASKED, choices: { 'decode product': 7 } }],
  ['names that are none', { ...ASKED, tried: { 'decode product': [7] } }],
  ['names that are no list', { ...ASKED, tried: { 'decode product': 'a' } }],
  ['attempts that are not counted', { ...ASKED, attempts: '1' }],
  ['a word', 'fast'],
  ['nothing', null],
])('a record of %s counts as absent', async (_, value) => {
  const store = memoryStore();
  await store.records.set('tuning', 'a device', value);
  expect(await keptIn(store).get('a device')).toBeUndefined();
});
