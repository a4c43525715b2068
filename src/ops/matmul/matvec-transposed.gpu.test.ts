// Products with a transposed matrix of each kind, in both forms, against the reference in float64 on the stored values.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { WeightKind } from '../../core/weight-kinds';
import { linearBackward } from './linear';
import { cheapPipelines, random, relative, runOp, TARGETS } from '../testing/run';
import { KINDS, oddColumns, randomMatrix } from '../testing/weights';

const FORMS = { alone: TARGETS.software, tiles: TARGETS.hardware };
type Form = keyof typeof FORMS;

interface Case {
  readonly form: Form;
  readonly kind: WeightKind;
  readonly rows?: number;
  readonly columns?: number;
  readonly tokens?: number;
  /** The matrix's rows meet x from here on, and y is added to. */
  readonly rowStart?: number;
  readonly accumulate?: boolean;
}

/** What a control gets wrong. */
interface Wrong {
  readonly rowStart?: number;
  readonly accumulate?: boolean;
  readonly spoil?: (codes: Uint8Array) => void;
}

const [gpu] = await testDevices();
const { device } = gpu;
const ALONE = cheapPipelines(gpu) ? KINDS : (['f32', 'q8o', 'q4', 'q4ox16'] as const);
/** All drivers compile tiles for seconds. */
const TILED = process.env['PRONK_LONG'] ? KINDS : (['f32', 'q4ox16'] as const);

/** Rows of x and y that no token of the batch has. */
const BEYOND = 3;
/** Elements of a row of x after those that the matrix meets. */
const AFTER = 2;

/** Everything but what the kernel is to read of x is `filler`. */
function given({ kind, rows = 37, columns = oddColumns(kind), tokens = 5, rowStart = 0 }: Case, filler = Number.NaN) {
  const stride = rowStart + rows + AFTER;
  const values = random(tokens * stride, 1);
  const x = new Float32Array((tokens + BEYOND) * stride).fill(filler);
  for (let t = 0; t < tokens; t++) {
    const from = t * stride + rowStart;
    x.set(values.subarray(from, from + rows), from);
  }
  return { rows, columns, tokens, stride, x, before: random((tokens + BEYOND) * columns, 3) };
}

async function product(it: Case, wrong: Wrong = {}, filler = Number.NaN): Promise<Float32Array> {
  const { form, kind, rowStart = 0, accumulate = false } = it;
  const { rows, columns, tokens, stride, x, before } = given(it, filler);
  const { bind } = randomMatrix(kind, rows, columns);
  wrong.spoil?.(bind.codes);
  const { y } = await runOp(
    device,
    linearBackward,
    { kind, accumulate: wrong.accumulate ?? accumulate },
    FORMS[form],
    {
      bind: { ...bind, x, y: before },
      params: { rows, columns, row_start: wrong.rowStart ?? rowStart, x_stride: stride },
      count: tokens,
    },
    ['y'],
  );
  return new Float32Array(y);
}

/** How far off a product is; beyond the batch, y is to be as it was. */
async function off(it: Case, wrong: Wrong = {}): Promise<number> {
  const { rows, columns, tokens, stride, x, before } = given(it, 0);
  const { values } = randomMatrix(it.kind, rows, columns);
  const expected = Float64Array.from(before);
  linearBackward
    .reference(values, x, { rows, columns, tokens }, { rowStart: it.rowStart ?? 0, xStride: stride })
    .forEach((value, i) => (expected[i] = value + (it.accumulate ? before[i] : 0)));
  const actual = await product(it, wrong);
  expect(actual.subarray(tokens * columns)).toEqual(before.subarray(tokens * columns));
  return relative(actual.subarray(0, tokens * columns), expected.subarray(0, tokens * columns));
}

function flipSign(codes: Uint8Array): void {
  codes[103] ^= 0x80;
}

describe('threads alone', () => {
  const form = 'alone';
  test.each(ALONE)('%s', async (kind) => {
    expect(await off({ form, kind })).toBeLessThan(1e-5);
  });

  test('one token, one row, many of both', async () => {
    expect(await off({ form, kind: 'f32', tokens: 1 })).toBeLessThan(1e-5);
    expect(await off({ form, kind: 'f32', rows: 1, columns: 4 })).toBeLessThan(1e-5);
    expect(await off({ form, kind: 'q4', rows: 300, tokens: 67, columns: 352 })).toBeLessThan(1e-5);
  });
});

describe('tiles', () => {
  const form = 'tiles';
  test.each(TILED)('%s', async (kind) => {
    expect(await off({ form, kind })).toBeLessThan(1e-5);
  });

  test('one token, one row, many of both', async () => {
    expect(await off({ form, kind: 'f32', tokens: 1 })).toBeLessThan(1e-5);
    expect(await off({ form, kind: 'f32', rows: 1, columns: 4 })).toBeLessThan(1e-5);
    expect(await off({ form, kind: 'f32', rows: 64, columns: 128, tokens: 64 })).toBeLessThan(1e-5);
    expect(await off({ form, kind: 'q4ox16', rows: 130, tokens: 131, columns: 352 })).toBeLessThan(1e-5);
  });
});

describe.each(['alone', 'tiles'] as const)('%s', (form) => {
  const part: Case = { form, kind: 'f32', rows: 33, rowStart: 7, accumulate: true };

  test('a part of the rows is added to the others', async () => {
    expect(await off(part)).toBeLessThan(1e-5);
  });

  test('a part elsewhere, one that is not added, and a sign flipped are seen', async () => {
    expect(await off(part, { rowStart: 8 })).toBeNaN();
    expect(await off(part, { rowStart: 6 })).toBeNaN();
    expect(await off(part, { accumulate: false })).toBeGreaterThan(1e-2);
    expect(await off(part, { spoil: flipSign })).toBeGreaterThan(1e-3);
  });

  test('repeats to the bit, whatever stands around the batch', async () => {
    const first = await product(part);
    expect(await product(part)).toEqual(first);
    expect(await product(part, {}, 1e30)).toEqual(first);
    expect(await product(part, { rowStart: 6 }, 1e30)).not.toEqual(first);
  });
});
