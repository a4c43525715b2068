// A product with a weight matrix as its op takes it: one dispatch for each part that a binding holds. What inference and
// training share; it knows neither.
import type { ModelConfig } from '../core/model-config';
import { type linear, type LinearVariant, NO_HEADS, takesWide } from '../ops/matmul/linear';
import { bindPart, type Matrix } from '../ops/matmul/weights';
import { type LinearShape, shapeFor } from '../ops/tuning';

export interface LinearOptions extends Pick<LinearVariant, 'input' | 'output' | 'residual' | 'glu'> {
  readonly shape: LinearShape;
  /** Gain of the RMSNorm that is folded in. */
  readonly norm?: GPUBuffer | undefined;
  /** Only the batch's last token, written as row 0. */
  readonly lastOnly?: boolean;
  /** The heads that rows are, where k and v go to the cache. */
  readonly heads?: Heads | undefined;
}

/** Destinations of heads, and their rotation. */
interface Heads {
  /** Rotary angles; undefined where heads do not rotate. */
  readonly table: GPUBuffer | undefined;
  /** The layer's cache: keys, then values. */
  readonly keysValues: GPUBuffer;
  readonly params: { readonly [Name in keyof typeof NO_HEADS]: number };
}

type Step = Parameters<typeof linear.step>;
/** Arguments of `linear.step` after its context. */
type Call = readonly [variant: Step[1], bindings: Step[2], params: Step[3]];

/** y [T, rows] = W·x, of as many tokens as `state` says. */
export function linearCalls(
  { rmsNormEps, activation }: ModelConfig,
  matrix: Matrix,
  { state, x, y }: { readonly state: GPUBuffer; readonly x: GPUBuffer; readonly y: GPUBuffer },
  { shape: shapes, norm, lastOnly = false, heads, ...options }: LinearOptions,
): Call[] {
  const { bias, columns, rows, rowScales } = matrix;
  const shape = shapeFor(shapes, rows);
  return matrix.parts.map((part) => [
    {
      ...options,
      kind: part.kind,
      shape,
      ...(columns % 8 === 0 && takesWide(part.kind, shape) && { wide: true }),
      norm: norm !== undefined,
      bias: bias !== undefined,
      ...(options.glu && activation && { activation }),
      ...(rowScales && { rowScales }),
      ...(heads && { heads: heads.table ? 'rotated' : 'placed' }),
    },
    // without a norm the gain is bound to something that is never read
    { state, x, y, gain: norm ?? state, bias, ...bindPart(part), table: heads?.table, keys_values: heads?.keysValues },
    {
      rows: part.rows,
      columns,
      row_start: part.rowStart,
      out_stride: options.glu ? rows / 2 : rows,
      half: rows / 2,
      last_only: Number(lastOnly),
      epsilon: rmsNormEps,
      ...(heads?.params ?? NO_HEADS),
    },
  ]);
}
