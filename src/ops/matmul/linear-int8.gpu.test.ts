// Products of 8-bit integers against the reference in float64 on the same codes, and the codes against the values that
// they stand for.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { defined } from '../../core/defined';
import type { WeightKind } from '../../core/weight-kinds';
import { tune } from '../tuning';
import { NO_HEADS } from './linear';
import { fitsIntegers, linearInt8 } from './linear-int8';
import { dequantized, quantize } from './quantize';
import { cheapPipelines, random, relative, runOp } from '../testing/run';
import { KINDS, randomMatrix } from '../testing/weights';

const [ROWS, COLUMNS, TOKENS] = [37, 160, 5];
const EPSILON = 1e-5;

interface Options extends Omit<Parameters<typeof linearInt8.kernel>[0], 'kind' | 'shape' | 'output'> {
  readonly lastOnly?: boolean;
  readonly rowStart?: number;
  readonly biasShift?: number;
  readonly spoil?: (codes: Uint8Array) => void;
  /** Compares with the product of the values before they were rounded. */
  readonly unrounded?: boolean;
}

type Shape = Parameters<typeof linearInt8.kernel>[0]['shape'];

/** The relative error of a product against the reference. */
async function off(device: GPUDevice, kind: WeightKind, shape: Shape, options: Options = {}): Promise<number> {
  const { lastOnly = false, rowStart = 0, biasShift = 0, spoil, unrounded = false, ...folded } = options;
  const rows = folded.glu ? 2 * ROWS : ROWS;
  const { bind, values } = randomMatrix(kind, rows, COLUMNS);
  const [x, gain] = [random(TOKENS * COLUMNS, 1), random(COLUMNS, 2)];
  const stride = ROWS + 2 * rowStart;
  const before = random(TOKENS * stride, 3);
  const bias = random((folded.rowScales ? stride : 0) + rowStart + rows + biasShift, 4);
  const rounded = quantize.reference(x, COLUMNS, folded.norm ? gain : undefined);
  spoil?.(bind.codes);
  const { y } = await runOp(
    device,
    linearInt8,
    { ...folded, kind, shape, output: 'f32' },
    tune({ f16: false, subgroups: false }, true, 'int8'),
    {
      bind: { ...bind, x: rounded.codes, gain: rounded.blocks, bias: bias.subarray(biasShift), y: before },
      params: {
        rows,
        columns: COLUMNS,
        row_start: rowStart,
        out_stride: stride,
        half: ROWS,
        last_only: Number(lastOnly),
        ...NO_HEADS,
        epsilon: EPSILON,
      },
      count: TOKENS,
    },
    ['y'],
  );
  // what the codes stand for has the gain in it, and its norm is that of x
  const read = dequantized(rounded);
  const inverse = Array.from({ length: TOKENS }, (_, t) => {
    const row = x.subarray(t * COLUMNS, (t + 1) * COLUMNS);
    return folded.norm ? 1 / Math.sqrt(row.reduce((sum, value) => sum + value ** 2, 0) / COLUMNS + EPSILON) : 1;
  });
  const scaled = read.map((value, i) => value * inverse[Math.floor(i / COLUMNS)]);
  const products = linearInt8.reference(
    values,
    unrounded ? x : scaled,
    { rows, columns: COLUMNS, tokens: TOKENS },
    {
      ...(unrounded && folded.norm && { gain }),
      epsilon: EPSILON,
      glu: folded.glu ?? false,
      activation: folded.activation ?? 'silu',
      ...(folded.bias && { bias: bias.subarray(rowStart) }),
      ...(folded.rowScales && { rowScales: bias.subarray(stride + rowStart) }),
    },
  );
  const expected = Float64Array.from(before);
  for (const t of lastOnly ? [TOKENS - 1] : Array.from({ length: TOKENS }, (_, i) => i)) {
    for (let row = 0; row < ROWS; row++) {
      const at = (lastOnly ? 0 : t) * stride + rowStart + row;
      expected[at] = products[t * ROWS + row] + (folded.residual ? before[at] : 0);
    }
  }
  return relative(new Float32Array(y), expected);
}

function flipSign(codes: Uint8Array): void {
  codes[103] ^= 0x80;
}

const devices = await testDevices();
const [gpu] = devices;
const kinds = KINDS.filter((kind) => fitsIntegers(kind, COLUMNS));
const shapesOf = (software: boolean, features = gpu.features) => {
  const { decode, prefill } = defined(tune(features, software, 'int8').integers, 'shapes');
  return { decode, prefill };
};
const joined = devices.filter(({ variant, features }) => variant === 'subgroups' && features.subgroupSize);
const FORMS = [
  { form: 'alone', device: gpu.device, shapes: shapesOf(true) },
  { form: 'shared', device: gpu.device, shapes: shapesOf(false) },
  ...joined.map(({ device, features }) => ({ form: 'together', device, shapes: shapesOf(true, features) })),
].flatMap(({ form, device, shapes }) =>
  Object.entries(shapes).map(([pass, shape]) => ({ name: `${form}, ${pass}`, device, shape })),
);

test('floats, tables of other numbers and halves of blocks have no such product', () => {
  expect(KINDS.filter((kind) => !kinds.includes(kind))).toEqual(['f32', 'f16', 'bf16', 'q4nf']);
  expect(fitsIntegers('q8x16', 176)).toBe(false);
  expect(fitsIntegers('q4', 48)).toBe(false);
});

describe.each(FORMS)('$name', ({ device, shape }) => {
  // a pipeline takes lavapipe seconds
  test.each(cheapPipelines(gpu) ? kinds : (['q4', 'q8o', 'q4ox16', 'q4nl'] as const))(
    '%s, normalised',
    async (kind) => {
      expect(await off(device, kind, shape, { norm: true })).toBeLessThan(1e-5);
    },
  );

  test('what is lost by rounding', async () => {
    const lost = await off(device, 'q4', shape, { norm: true, unrounded: true });
    expect(lost).toBeLessThan(1e-2);
    expect(lost).toBeGreaterThan(1e-3);
  });

  test('added, with gate and up folded, with biases and factors of rows', async () => {
    const all: readonly Options[] = [
      { norm: true, glu: true },
      { residual: true, rowScales: true, bias: true },
      { residual: true },
      { norm: true, glu: true, activation: 'gelu_tanh' },
      { norm: true, rowStart: 3, bias: true },
    ];
    for (const folded of cheapPipelines(gpu) ? all : all.slice(0, 2)) {
      expect(await off(device, 'q4', shape, folded)).toBeLessThan(1e-5);
      if (folded.bias) expect(await off(device, 'q4', shape, { ...folded, biasShift: 1 })).toBeGreaterThan(1e-2);
    }
  });

  test('the last token alone', async () => {
    expect(await off(device, 'q4', shape, { norm: true, lastOnly: true })).toBeLessThan(1e-5);
  });

  test.each(['q8o', 'q4ox16', 'q4nl'] as const)('%s, a code with its sign flipped is seen', async (kind) => {
    expect(await off(device, kind, shape, { norm: true, spoil: flipSign })).toBeGreaterThan(1e-3);
  });
});
