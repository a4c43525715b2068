import { expect, test } from 'vitest';
import { memoryStore } from '../../storage/memory';
import { keptIn } from './kept-choices';

test('choices come back by their key, and nothing else does', async () => {
  const store = memoryStore();
  const kept = keptIn(store);
  await kept.set('a device', { 'decode product': 'table' });
  expect(await kept.get('a device')).toEqual({ 'decode product': 'table' });
  expect(await kept.get('another device')).toBeUndefined();
});

test('a record that holds no choices counts as absent', async () => {
  const store = memoryStore();
  await store.records.set('tuning', 'a device', { 'decode product': 7 });
  await store.records.set('tuning', 'another', 'fast');
  const kept = keptIn(store);
  expect(await kept.get('a device')).toBeUndefined();
  expect(await kept.get('another')).toBeUndefined();
});
