import { expect, test } from 'vitest';
import { packRows } from '../quant/repack';
import { areFinite, hasNonFinite } from './finite';

const KINDS = ['f32', 'f16', 'bf16', 'q8', 'q4', 'q4m'] as const;

test.each(KINDS)('%s: numbers of every size are numbers, at whichever place', (kind) => {
  const largest = kind === 'f32' || kind === 'bf16' ? 3e38 : 65_000;
  const values = Float32Array.from({ length: 192 }, (_, i) => [0, -0, 1e-7, largest, -largest, 1][i % 6]);
  expect(hasNonFinite(packRows(values, kind, 2, 96))).toBe(false);
});

test.each(['f32', 'f16', 'bf16'] as const)('%s: one that is none is found', (kind) => {
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    for (const at of [0, 1, 94, 95]) {
      const values = new Float32Array(96).fill(-1);
      values[at] = bad;
      expect(hasNonFinite(packRows(values, kind, 1, 96)), `${bad} at ${at}`).toBe(true);
    }
  }
});

test('a scale that is none is found', () => {
  const rows = packRows(new Float32Array(96).fill(1), 'q8', 1, 96);
  rows.scales[3] = 0x7c;
  expect(hasNonFinite(rows)).toBe(true);
});

test('an array of floats is looked at whole, where it begins within its buffer too', () => {
  const values = Float32Array.of(Number.NaN, 1, -0, 3e38, 1e-45);
  expect(areFinite(values.subarray(1))).toBe(true);
  for (const bad of [Number.NaN, Infinity, -Infinity]) expect(areFinite(Float32Array.of(1, bad, 1))).toBe(false);
});
