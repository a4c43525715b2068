import { expect, test } from 'vitest';
import { dryPenalties } from './dry';

const DRY = { multiplier: 0.8, base: 1.75, allowedLength: 2 };
const never = () => false;

test('an id that would go on with a repeat loses more the longer the repeat is', () => {
  // 1 2 3 came before and was followed by 4; 2 3 also by 5
  const ids = [1, 2, 3, 4, 9, 2, 3, 5, 8, 1, 2, 3];
  const found = dryPenalties(ids, DRY, never);
  expect([...found.keys()].toSorted()).toEqual([4, 5]);
  expect(found.get(4)).toBeCloseTo(0.8 * 1.75, 12);
  expect(found.get(5)).toBeCloseTo(0.8, 12);
  expect(dryPenalties(ids, { ...DRY, allowedLength: 3 }, never)).toEqual(new Map([[4, 0.8]]));
  expect(dryPenalties(ids, { ...DRY, allowedLength: 4 }, never).size).toBe(0);
});

test('no repeat goes across a breaker, and a breaker may always come', () => {
  const ids = [1, 2, 3, 4, 8, 1, 2, 3];
  expect(dryPenalties(ids, DRY, (id) => id === 2).size).toBe(0);
  expect(dryPenalties(ids, DRY, (id) => id === 1).get(4)).toBeCloseTo(0.8, 12);
  expect(dryPenalties(ids, DRY, (id) => id === 4).size).toBe(0);
  expect(dryPenalties([], DRY, never).size).toBe(0);
});

test('every id of a long text, against what its definition says word by word', () => {
  const ids = Array.from({ length: 120 }, (_, i) => (i * i * 7 + (i >> 3)) % 5);
  const expected = new Map<number, number>();
  for (let id = 0; id < 5; id++) {
    for (let n = 2; n < ids.length; n++) {
      const suffix = ids.slice(-n).join();
      for (let at = n; at < ids.length; at++) {
        if (ids[at] === id && ids.slice(at - n, at).join() === suffix)
          expected.set(id, Math.min(1e6, 0.8 * 1.75 ** (n - 2)));
      }
    }
  }
  const found = dryPenalties(ids, DRY, never);
  expect(expected.size).toBeGreaterThan(1);
  expect([...found].toSorted(([a], [b]) => a - b)).toEqual([...expected].toSorted(([a], [b]) => a - b));
});
