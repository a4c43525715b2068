// The tiled product against the same reference as the dot products, at shapes that no tile divides.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { WeightKind } from '../../core/weight-kinds';
import { linear, type LinearVariant } from './linear';
import { random, relative, runOp, TARGETS } from '../testing/run';
import { randomMatrix } from '../testing/weights';

const [{ device, name }] = await testDevices();
/** A pipeline takes lavapipe five seconds: there, two cases are enough. */
const patient = /swiftshader/i.test(name) || Boolean(process.env['PRONK_LONG']);
const EPSILON = 1e-5;

interface Case extends Omit<LinearVariant, 'shape' | 'input' | 'output'> {
  readonly rows: number;
  readonly columns: number;
  readonly tokens: number;
}

async function off({ rows, columns, tokens, ...variant }: Case, epsilon = EPSILON): Promise<number> {
  const { kind, norm = false, residual = false, glu = false, activation = 'silu' } = variant;
  const matrixRows = glu ? 2 * rows : rows;
  const { bind, values } = randomMatrix(kind, matrixRows, columns);
  const [x, gain, before] = [random(tokens * columns, 1), random(columns, 2), random(tokens * rows, 3)];
  const { y } = await runOp(
    device,
    linear,
    { ...variant, shape: 'tiles', input: 'f32', output: 'f32' },
    TARGETS.hardware,
    {
      bind: { ...bind, x, gain, y: before },
      params: { rows: matrixRows, columns, row_start: 0, out_stride: rows, half: rows, last_only: 0, epsilon },
      count: tokens,
    },
    ['y'],
  );
  const expected = linear.reference(
    values,
    x,
    { rows: matrixRows, columns, tokens },
    { ...(norm && { gain }), ...(residual && { residual: before }), epsilon: EPSILON, glu, activation },
  );
  return relative(new Float32Array(y), expected);
}

const CASES: readonly Case[] = [
  { kind: 'q8', rows: 70, columns: 96, tokens: 67, norm: true },
  { kind: 'q4', rows: 36, columns: 64, tokens: 3, norm: true, glu: true },
  { kind: 'q4ox16', rows: 65, columns: 176, tokens: 65, residual: true },
  { kind: 'f16', rows: 9, columns: 172, tokens: 66, norm: true },
  { kind: 'f32', rows: 130, columns: 20, tokens: 129 },
  { kind: 'f32', rows: 36, columns: 20, tokens: 3, norm: true, glu: true, activation: 'gelu_tanh' },
];
/** What these read is what the dot products read of them in the same way. */
const MORE: readonly Case[] = [
  { kind: 'q4m', rows: 65, columns: 160, tokens: 5 },
  { kind: 'q4o', rows: 34, columns: 96, tokens: 5 },
  { kind: 'q8o', rows: 33, columns: 96, tokens: 5, norm: true },
  { kind: 'q8x16', rows: 35, columns: 112, tokens: 7, residual: true },
];

test.each([...(patient ? CASES : CASES.slice(0, 2)), ...(process.env['PRONK_LONG'] ? MORE : [])])(
  '$kind: $tokens tokens, $rows × $columns',
  async (each) => {
    expect(await off(each)).toBeLessThan(1e-5);
  },
);

test('another norm shows', async () => {
  const kind: WeightKind = 'f32';
  expect(await off({ kind, rows: 9, columns: 20, tokens: 5, norm: true }, 1)).toBeGreaterThan(1e-2);
});
