import { expect, test } from 'vitest';
import type { WeightTensor } from '../core/weight-kinds';
import { dequantizeRows, packRows } from './repack';
import { groupsOf, sliceRows } from './slice';

// three blocks a row: an odd number of scales
const values = Float32Array.from({ length: 7 * 96 }, (_, i) => Math.sin(i * i));

test.each(['q8', 'q4m', 'f16', 'f32'] as const)(
  'rows of %s are those of the whole, from odd places too',
  async (kind) => {
    const packed = packRows(values, kind, 7, 96);
    const whole = dequantizeRows(packed);
    for (const [start, end] of [
      [0, 7],
      [1, 4],
      [3, 4],
      [2, 7],
    ] as const) {
      expect(dequantizeRows(sliceRows(packed, start, end))).toEqual(whole.slice(start * 96, end * 96));
    }
    const tensor: WeightTensor = {
      name: 'x',
      kind,
      rows: 7,
      columns: 96,
      async *groups() {
        yield { ...packed, rowStart: 0 };
      },
    };
    const parts: number[] = [];
    for await (const group of groupsOf(tensor, 3)) {
      parts.push(group.rowStart);
      expect(dequantizeRows(group)).toEqual(whole.slice(group.rowStart * 96, (group.rowStart + group.rows) * 96));
    }
    expect(parts).toEqual([0, 3, 6]);
  },
);
