// That masks are random: rates, and that no two of them that should differ are alike.
import { expect, test } from 'vitest';
import { dropoutMask, type MaskOf } from './dropout';

const COLUMNS = 4096;
const SOME: MaskOf = { seed: 42, step: 7, row: 3, position: 100, module: 9 };

/** How far a share of `count` draws is from what is expected, in standard deviations. */
const deviations = (share: number, expected: number, count: number) =>
  Math.abs(share - expected) / Math.sqrt((expected * (1 - expected)) / count);

const keptOf = (mask: Float64Array) => mask.map((value) => Number(value > 0));
const share = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

test.each([0.5, 0.9, 0.95, 0.99])('%f of the inputs are kept, and scaled up', (keep) => {
  const masks = Array.from({ length: 32 }, (_, position) => dropoutMask({ ...SOME, position }, COLUMNS, keep));
  const kept = share(Float64Array.from(masks, (mask) => share(keptOf(mask))));
  expect(deviations(kept, keep, 32 * COLUMNS)).toBeLessThan(4);
  expect(deviations(kept, keep - 0.02, 32 * COLUMNS)).toBeGreaterThan(4);
  expect(new Set(masks.flatMap((mask) => [...mask]))).toEqual(new Set([0, 1 / Math.fround(keep)]));
});

test('everything is kept where nothing is dropped', () => {
  expect(share(dropoutMask(SOME, COLUMNS, 1))).toBe(1);
});

test.each(['seed', 'step', 'row', 'position', 'module'] as const)('another %s is another mask', (name) => {
  const base = keptOf(dropoutMask(SOME, COLUMNS, 0.5));
  // the neighbour, one a power of two away, and a large one
  for (const other of [SOME[name] + 1, SOME[name] + 4096, 0xfffffff0]) {
    const mask = keptOf(dropoutMask({ ...SOME, [name]: other }, COLUMNS, 0.5));
    expect(deviations(share(mask.map((value, k) => Number(value === base[k]))), 0.5, COLUMNS)).toBeLessThan(4);
  }
  expect(keptOf(dropoutMask({ ...SOME }, COLUMNS, 0.5))).toEqual(base);
});

test('columns do not follow one another', () => {
  const mask = keptOf(dropoutMask(SOME, 16 * COLUMNS, 0.5));
  for (const lag of [1, 2, 3, 4, 8, 64, 1024]) {
    const [early, late] = [mask.subarray(0, -lag), mask.subarray(lag)];
    const equal = share(early.map((value, k) => Number(value === late[k])));
    expect(deviations(equal, 0.5, early.length)).toBeLessThan(4);
  }
});

test('swapping what a mask is of is another mask', () => {
  const base = keptOf(dropoutMask({ ...SOME, row: 5, position: 6 }, COLUMNS, 0.5));
  const swapped = keptOf(dropoutMask({ ...SOME, row: 6, position: 5 }, COLUMNS, 0.5));
  expect(deviations(share(swapped.map((value, k) => Number(value === base[k]))), 0.5, COLUMNS)).toBeLessThan(4);
});
