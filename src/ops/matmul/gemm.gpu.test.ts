// The tiled product against the same reference as the dot products, at shapes that no tile divides.
import { describe, expect, test } from 'vitest';
import { defined } from '../../core/defined';
import { f32ArrayToF16 } from '../../quant/f16';
import { testDevices } from '../../gpu/testing/device';
import { linear, type LinearVariant, NO_HEADS } from './linear';
import { joined, random, relative, runOp, TARGETS } from '../testing/run';
import { KINDS, oddColumns, randomMatrix } from '../testing/weights';
import { QUESTIONS } from '../tune';
import { shapeFor, type TileShape, tune } from '../tuning';

const devices = await testDevices();
const [{ device: plain }] = devices;
const half = devices.find(({ features }) => features.f16)?.device;
/** Software drivers take seconds for a pipeline: without PRONK_LONG a few cases are enough. */
const patient = Boolean(process.env['PRONK_LONG']);
const EPSILON = 1e-5;

interface Case extends Omit<LinearVariant, 'shape' | 'input' | 'output'> {
  readonly rows: number;
  readonly columns: number;
  readonly tokens: number;
  /** Index in an output row of the matrix's first row. */
  readonly rowStart?: number;
  readonly lastOnly?: boolean;
  /** Whether tiles are f16. */
  readonly half?: boolean;
  /** Fields of the tile's shape that differ from the table's. */
  readonly tile?: Partial<TileShape>;
  /** Factor of x, which is between −1 and 1 without it. */
  readonly scale?: number;
}

/** Elements of an output row after those that the matrix gives. */
const AFTER = 2;

async function off(
  { rowStart = 0, lastOnly = false, half: halves = false, scale = 1, tile, ...it }: Case,
  given: { epsilon?: number; rowStart?: number } = {},
) {
  const { rows, columns, tokens, ...variant } = it;
  const {
    kind,
    norm = false,
    residual = false,
    glu = false,
    activation = 'silu',
    bias = false,
    rowScales = false,
  } = variant;
  const matrixRows = glu ? 2 * rows : rows;
  const stride = rowStart + rows + AFTER;
  const width = glu ? 2 * stride : stride;
  const { bind, values } = randomMatrix(kind, matrixRows, columns);
  const [x, gain, before] = [
    random(tokens * columns, 1).map((each) => each * scale),
    random(columns, 2),
    random(tokens * stride, 3),
  ];
  const beside = random(2 * width, 4);
  const { y } = await runOp(
    halves ? defined(half, 'a device with f16') : plain,
    linear,
    {
      ...variant,
      shape: { ...shapeFor(TARGETS.hardware.training.linear, rows), half: halves, ...tile },
      input: halves && !norm ? 'f16' : 'f32',
      output: 'f32',
    },
    TARGETS.hardware,
    {
      bind: { ...bind, x: halves && !norm ? f32ArrayToF16(x) : x, gain, y: before, bias: beside },
      params: {
        rows: matrixRows,
        columns,
        row_start: given.rowStart ?? rowStart,
        out_stride: stride,
        half: rows,
        last_only: Number(lastOnly),
        ...NO_HEADS,
        epsilon: given.epsilon ?? EPSILON,
      },
      count: tokens,
    },
    ['y'],
  );
  const cut = (data: Float32Array, t: number) => data.subarray(t * stride + rowStart, t * stride + rowStart + rows);
  const sums = linear.reference(
    values,
    x,
    { rows: matrixRows, columns, tokens },
    {
      ...(norm && { gain }),
      ...(residual && { residual: joined(...Array.from({ length: tokens }, (_, t) => cut(before, t))) }),
      epsilon: EPSILON,
      glu,
      activation,
      ...(bias && { bias: beside.subarray(rowStart) }),
      ...(rowScales && { rowScales: beside.subarray(stride + rowStart) }),
    },
  );
  const expected = Float64Array.from(before);
  for (let t = 0; t < (lastOnly ? 1 : tokens); t++) {
    const from = (lastOnly ? tokens - 1 : t) * rows;
    expected.set(sums.subarray(from, from + rows), t * stride + rowStart);
  }
  return relative(new Float32Array(y), expected);
}

const CASES: readonly Case[] = [
  { kind: 'q8', rows: 70, columns: 96, tokens: 67, norm: true, rowStart: 5 },
  { kind: 'q4', rows: 36, columns: 64, tokens: 3, norm: true, glu: true },
  { kind: 'f32', rows: 130, columns: 20, tokens: 130 },
  { kind: 'q4ox16', rows: 65, columns: 176, tokens: 65, residual: true },
  { kind: 'f16', rows: 9, columns: 172, tokens: 63, norm: true },
  { kind: 'bf16', rows: 64, columns: 44, tokens: 64, bias: true, rowStart: 3 },
  { kind: 'f32', rows: 36, columns: 20, tokens: 3, norm: true, glu: true, activation: 'gelu_tanh' },
  { kind: 'f32', rows: 67, columns: 36, tokens: 1, norm: true, bias: true, rowScales: true },
];
/** A case of each kind, for long runs only, since other kinds' blocks are read in the same way. */
const MORE: readonly Case[] = KINDS.map((kind, i) => ({
  kind,
  rows: 33 + i,
  columns: oddColumns(kind),
  tokens: [1, 63, 64, 65, 130][i % 5],
  rowStart: i % 3,
}));

test.each([...(patient ? CASES : CASES.slice(0, 4)), ...(process.env['PRONK_LONG'] ? MORE : [])])(
  '$kind: $tokens tokens, $rows × $columns',
  async (each) => {
    expect(await off(each)).toBeLessThan(1e-5);
  },
);

test('the last token alone', async () => {
  expect(await off({ kind: 'f32', rows: 130, columns: 20, tokens: 130, lastOnly: true })).toBeLessThan(1e-5);
});

test('another norm, and rows in another place, show', async () => {
  const it: Case = { kind: 'q8', rows: 70, columns: 96, tokens: 67, norm: true, rowStart: 5 };
  expect(await off(it, { epsilon: 1 })).toBeGreaterThan(1e-2);
  expect(await off(it, { rowStart: 4 })).toBeGreaterThan(1e-2);
});

describe.runIf(half && patient)('tiles in f16 (skipped without shader-f16, and but in test:long)', () => {
  const halves: readonly Case[] = [
    { half: true, kind: 'f32', rows: 33, columns: 44, tokens: 5, norm: true, scale: 1e4 },
    { half: true, kind: 'q4', rows: 70, columns: 2048, tokens: 67 },
    { half: true, kind: 'q4ox16', rows: 65, columns: 176, tokens: 65, residual: true },
    { half: true, kind: 'q8', rows: 33, columns: 96, tokens: 3, norm: true, glu: true },
  ];

  test.each(halves)('$kind: $tokens tokens, $rows × $columns', async (each) => {
    const error = await off(each);
    expect(error).toBeLessThan(1.5e-3);
    // it really computes in f16
    expect(error).toBeGreaterThan(1e-4);
  });

  test('another norm shows', async () => {
    expect(await off({ ...halves[0], scale: 1 }, { epsilon: 1 })).toBeGreaterThan(1e-2);
  });
});

test.runIf(half)('tiles in f16 that the clock may choose (skipped without shader-f16)', async () => {
  const target = tune({ f16: true, subgroups: true }, false, 'fast');
  const answers = QUESTIONS.flatMap(({ forward, others }) => (forward === 'prefill' ? others(target) : []));
  const tiles = answers.map(({ target: { prefill } }) => prefill.linear as TileShape);
  expect(tiles).toEqual([{ tokenLanes: 8, rows: 8, tokens: 4, half: true }]);
  for (const tile of tiles) {
    const it: Case = { half: true, tile, kind: 'q4', rows: 70, columns: 352, tokens: 35, norm: true };
    const error = await off(it);
    expect(error).toBeLessThan(1.5e-3);
    // it really computes in f16
    expect(error).toBeGreaterThan(1e-4);
    expect(await off(it, { epsilon: 1 })).toBeGreaterThan(1e-2);
  }
});
