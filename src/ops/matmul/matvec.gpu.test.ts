// Products with a matrix of each kind, in each form, against the reference in float64 on the values that are stored.
import { describe, expect, test } from 'vitest';
import type { Features } from '../../gpu/device';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import type { Activation } from '../../core/model-config';
import { isBlockKind, type WeightKind } from '../../core/weight-kinds';
import { linear, type LinearVariant, NO_HEADS } from './linear';
import { random, relative, runOp, TARGETS } from '../testing/run';
import { KINDS, oddColumns, randomMatrix } from '../testing/weights';
import { type DotShape, type KernelTarget, shapeFor, tune } from '../tuning';

/** No rows, tokens or blocks that come out even with a kernel's shape. */
const [ROWS, TOKENS] = [37, 5];
const EPSILON = 1e-5;

/** The table's shapes for threads that work alone. */
const alone = (features: Partial<Features> = {}) => {
  const { decode, prefill } = tune({ f16: false, subgroups: false, ...features }, true, 'exact');
  return { decode: shapeFor(decode.linear, ROWS) as DotShape, prefill: shapeFor(prefill.linear, ROWS) as DotShape };
};
const teams = (features: Partial<Features> = {}) =>
  tune({ f16: false, subgroups: false, ...features }, false, 'exact').decode.linear;

interface Options extends Omit<LinearVariant, 'kind' | 'shape' | 'input' | 'output'> {
  readonly element?: 'f32' | 'f16';
  readonly lastOnly?: boolean;
  /** An odd number of blocks when left out. */
  readonly columns?: number;
  /** The matrix is rows 3 … of a taller one. */
  readonly rowStart?: number;
  /** The bias is bound as if it began this many rows later. */
  readonly biasShift?: number;
  /** Changes the codes before they are bound, for negative controls. */
  readonly spoil?: (codes: Uint8Array) => void;
  /** The target that the kernel is built for. */
  readonly target?: KernelTarget;
  /** The activation of the reference, where it is to be another than the kernel's. */
  readonly wanted?: Activation;
}

const stored = (data: Float32Array<ArrayBuffer>, type: 'f32' | 'f16') => (type === 'f16' ? f32ArrayToF16(data) : data);

/** The relative error of a product against the reference. */
async function off(device: GPUDevice, kind: WeightKind, shape: DotShape, options: Options): Promise<number> {
  const { element = 'f32', lastOnly = false, rowStart = 0, biasShift = 0, spoil, wanted, ...others } = options;
  const { columns = oddColumns(kind), target = TARGETS.software, ...folded } = others;
  const rows = folded.glu ? 2 * ROWS : ROWS;
  const { bind, values } = randomMatrix(kind, rows, columns);
  const [x, gain] = [random(TOKENS * columns, 1), random(columns, 2)];
  const stride = ROWS + 2 * rowStart;
  const before = random(TOKENS * stride, 3);
  // as in the model: a norm is of the residual stream in f32, and what is added to it is f32 too
  const [input, output] = folded.norm ? (['f32', element] as const) : ([element, 'f32'] as const);
  const bias = random((folded.rowScales ? stride : 0) + rowStart + rows + biasShift, 4);
  spoil?.(bind.codes);
  const { y } = await runOp(
    device,
    linear,
    { ...folded, kind, shape, input, output },
    target,
    {
      bind: { ...bind, x: stored(x, input), gain, bias: bias.subarray(biasShift), y: stored(before, output) },
      params: {
        rows,
        columns,
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
  const expected = Float64Array.from(before);
  const products = linear.reference(
    values,
    x,
    { rows, columns, tokens: TOKENS },
    {
      ...(folded.norm && { gain }),
      epsilon: EPSILON,
      glu: folded.glu ?? false,
      activation: wanted ?? folded.activation ?? 'silu',
      ...(folded.bias && { bias: bias.subarray(rowStart) }),
      ...(folded.rowScales && { rowScales: bias.subarray(stride + rowStart) }),
    },
  );
  for (const t of lastOnly ? [TOKENS - 1] : Array.from({ length: TOKENS }, (_, i) => i)) {
    for (let row = 0; row < ROWS; row++) {
      const at = (lastOnly ? 0 : t) * stride + rowStart + row;
      expected[at] = products[t * ROWS + row] + (folded.residual ? before[at] : 0);
    }
  }
  return relative(output === 'f16' ? f16ArrayToF32(new Uint16Array(y)) : new Float32Array(y), expected);
}

function flipSign(codes: Uint8Array): void {
  codes[103] ^= 0x80;
}

const devices = await testDevices();
const { device: plain, name } = devices[0];
/** Unrolled blocks take lavapipe many seconds to compile: there, shared rows are tested on f32 and q4 alone. */
const patient = /swiftshader/i.test(name) || Boolean(process.env['PRONK_LONG']);

/** The shape of 4 rows, which compiles in half the time of the one of 8. */
const shared = shapeFor(teams(), 1024) as DotShape;
const forms = [
  { form: 'alone', device: plain, ...alone() },
  { form: 'shared', device: plain, decode: shared, prefill: { ...shared, tokens: 4 } },
  ...devices
    .filter(({ variant, features: { subgroupSize } }) => variant === 'subgroups' && subgroupSize)
    .map(({ device, features }) => ({ form: 'alone, x read together', device, ...alone(features) })),
];

for (const { form, device, decode, prefill } of forms) {
  const quick = form !== 'shared';
  const kinds = quick || patient ? KINDS : (['f32', 'q4'] as const);
  describe(`matvec, rows ${form}`, () => {
    test.each(kinds)('%s, one token at a time, normalised', async (kind) => {
      expect(await off(device, kind, decode, { norm: true })).toBeLessThan(1e-5);
    });

    test.each(kinds.filter((kind) => /^(f32|q4m|q8x16|q4ox16)$/.test(kind)))(
      '%s, tokens together, normalised',
      async (kind) => {
        expect(await off(device, kind, prefill, { norm: true })).toBeLessThan(1e-5);
      },
    );

    const usual = quick || patient ? 'q8' : 'f32';
    test('added to the residual stream', async () => {
      expect(await off(device, usual, decode, { residual: true })).toBeLessThan(1e-5);
    });

    test('gate and up folded', async () => {
      expect(await off(device, usual, prefill, { norm: true, glu: true })).toBeLessThan(1e-5);
      const gelu = { norm: true, glu: true, activation: 'gelu_tanh' } as const;
      expect(await off(device, usual, prefill, gelu)).toBeLessThan(1e-5);
      expect(await off(device, usual, prefill, { ...gelu, wanted: 'silu' })).toBeGreaterThan(1e-2);
    });

    test('a bias added, in each place where one may be', async () => {
      for (const folded of [
        { norm: true, rowStart: 3 },
        { residual: true },
        { norm: true, glu: true },
        { norm: true, rowStart: 3, rowScales: true },
        { residual: true, rowScales: true },
      ] satisfies Options[]) {
        expect(await off(device, usual, decode, { ...folded, bias: true })).toBeLessThan(1e-5);
        expect(await off(device, usual, decode, { ...folded, bias: true, biasShift: 1 })).toBeGreaterThan(1e-2);
      }
    });

    test('rows that are shorter than what is read at once', async () => {
      expect(await off(device, 'f32', decode, { norm: true, columns: 8 })).toBeLessThan(1e-5);
    });

    test('a part of the rows, of the last token', async () => {
      expect(await off(device, 'q4', decode, { norm: true, rowStart: 3 })).toBeLessThan(1e-5);
      expect(await off(device, 'q4', decode, { norm: true, lastOnly: true })).toBeLessThan(1e-5);
    });

    test.each<WeightKind>([usual, ...kinds.filter((kind) => /^(q8o|q4ox16)$/.test(kind))])(
      '%s, a code with its sign flipped is seen',
      async (kind) => {
        expect(await off(device, kind, decode, { norm: true, spoil: flipSign })).toBeGreaterThan(1e-3);
      },
    );

    const narrow = form === 'alone, x read together' ? 'f16 subgroups' : 'f16';
    for (const { device: half, variant } of devices.filter((each) => each.variant === narrow)) {
      test(`${variant}: 16-bit activations`, async () => {
        expect(await off(half, usual, decode, { element: 'f16', norm: true })).toBeLessThan(5e-4);
        expect(await off(half, usual, prefill, { element: 'f16', residual: true })).toBeLessThan(5e-4);
      });
    }
  });
}

/** A form's shape, and where it runs. */
const teamForms = devices
  .filter(({ variant }) => variant === 'plain' || variant === 'subgroups')
  .flatMap(({ device, variant, features }) =>
    (patient ? teams(features) : [shapeFor(teams(features), 1024) as DotShape]).map((shape) => ({
      device,
      variant,
      shape,
    })),
  );

describe.each(teamForms)('matvec, $variant: $shape.rows rows, $shape.lanes of $shape.workgroup lanes', (form) => {
  const { device, shape } = form;
  test('one token, and several', async () => {
    expect(await off(device, 'q4', shape, { norm: true })).toBeLessThan(1e-5);
    expect(await off(device, 'q4', shape, { norm: true, spoil: flipSign })).toBeGreaterThan(1e-3);
    if (patient)
      expect(await off(device, 'f32', { ...shape, tokens: 4 }, { norm: true, glu: true })).toBeLessThan(1e-5);
  });

  test('many columns, with the rows of an eighth', async () => {
    const columns = 2080;
    expect(await off(device, 'q4', shape, { columns, residual: true })).toBeLessThan(1e-5);
    expect(await off(device, 'f16', shape, { columns, residual: true, wide: true })).toBeLessThan(1e-5);
    expect(await off(device, 'f16', shape, { columns: 2084, residual: true })).toBeLessThan(1e-5);
  });
});

for (const { device, variant, features } of devices.filter((each) => each.features.f16)) {
  const shape = shapeFor(teams(features), 1024) as DotShape;
  test.each<WeightKind>(patient ? ['q4', 'q8', 'q4m', 'q4nl', 'f16'] : ['q4', 'q8'])(
    `matvec, %s in 16 bits with few operations, ${variant}`,
    async (kind) => {
      const target = tune(features, false, 'fast');
      const wide = !isBlockKind(kind);
      expect(await off(device, kind, shape, { target, norm: true, wide })).toBeLessThan(5e-5);
      expect(await off(device, kind, shape, { target, element: 'f16', residual: true, wide })).toBeLessThan(5e-4);
      const spoilt = { target, element: 'f16', residual: true, wide, spoil: flipSign } as const;
      expect(await off(device, kind, shape, spoilt)).toBeGreaterThan(1e-3);
    },
  );
}
