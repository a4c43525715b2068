// Rows gathered by id, of every kind, from whole matrices and parts.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { type WeightKind, WEIGHT_KINDS } from '../../core/weight-kinds';
import { embed } from './embed';
import { relative, runOp, TARGETS } from '../testing/run';
import { oddColumns, randomMatrix } from '../testing/weights';

const ROWS = 23;
const IDS = Uint32Array.of(22, 0, 7, 7, 13);
const { device } = (await testDevices())[0];

/** The rows of `ids`; those that a part starting at `rowStart` does not hold stay −5. */
async function gather(kind: WeightKind, rowStart = 0, factor = 1) {
  const columns = oddColumns(kind);
  const { bind, values } = randomMatrix(kind, ROWS, columns);
  const { x } = await runOp(
    device,
    embed,
    { kind },
    TARGETS.software,
    {
      bind: { ...bind, ids: IDS, x: new Float32Array(IDS.length * columns).fill(-5) },
      params: { rows: ROWS, columns, row_start: rowStart, factor },
      count: IDS.length,
    },
    ['x'],
  );
  const expected = [...IDS].flatMap((id) => {
    const row = id - rowStart;
    return row < 0 || row >= ROWS
      ? Array<number>(columns).fill(-5)
      : [...embed.reference(values, [row], columns, factor)];
  });
  return { actual: new Float32Array(x), expected };
}

describe('embed', () => {
  // each table's numbers too: this kernel is quick to compile
  test.each(WEIGHT_KINDS)('%s', async (kind) => {
    const { actual, expected } = await gather(kind);
    expect(relative(actual, expected)).toBeLessThan(1e-6);
    expect(relative(actual, expected.toReversed())).toBeGreaterThan(0.1);
  });

  test('a factor', async () => {
    const [once, scaled] = [await gather('q8o'), await gather('q8o', 0, 6.25)];
    expect(relative(scaled.actual, scaled.expected)).toBeLessThan(1e-6);
    expect(relative(once.actual, scaled.expected)).toBeGreaterThan(0.5);
  });

  test('a part of the rows fills only its ids', async () => {
    const { actual, expected } = await gather('q8', 10);
    expect(relative(actual, expected)).toBeLessThan(1e-6);
    expect(expected.filter((value) => value === -5)).toHaveLength(3 * oddColumns('q8'));
  });
});
