// Learned positions added to a batch: of one sequence from its position on, and of sequences side by side.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { random, relative, runOp, TARGETS } from '../testing/run';
import { placesOf } from '../testing/sequences';
import { embedPositions } from './embed-positions';

const [COLUMNS, OFFSET, CONTEXT] = [20, 2, 19];
const table = random((CONTEXT + OFFSET) * COLUMNS, 1);
const { device } = (await testDevices())[0];

test.each([
  ['one sequence', false, [11, 12, 13]],
  ['sequences side by side', true, [0, 1, 2, 0, 0, 1]],
] as const)('%s', async (_, packed, at) => {
  const x = random(at.length * COLUMNS, 2);
  const places = placesOf([3, 1, 2]);
  const { x: out } = await runOp(
    device,
    embedPositions,
    { packed },
    TARGETS.software,
    {
      bind: { x, places, positions: table },
      params: { columns: COLUMNS, offset: OFFSET },
      position: 11,
      count: at.length,
    },
    ['x'],
  );
  const values = new Float32Array(out);
  const shape = { columns: COLUMNS, offset: OFFSET };
  expect(relative(values, embedPositions.reference(x, table, at, shape))).toBeLessThan(1e-6);
  // the first row stands for no position
  expect(relative(values, embedPositions.reference(x, table, at, { ...shape, offset: 1 }))).toBeGreaterThan(0.1);
});
