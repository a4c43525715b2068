// Attention over sequences side by side on a device, forward and backward: for the tests of attention in training.
import type { Kernel } from '../../gpu/kernel';
import { packedAttentionBackwardKv, packedAttentionBackwardQ } from '../attention/packed-attention-backward';
import { packedAttention } from '../attention/packed-attention';
import type { KernelTarget } from '../tuning';
import { run, workOf } from './run';
import { type PackedCase, type PackedInputs, packedInputs } from './sequences';

/** Rows beyond the batch, in every buffer. */
const BEYOND = 3;
/** The value that outputs hold before a run. */
export const UNTOUCHED = -5;

/** Deliberate errors of a run, for negative controls. */
export interface Departure {
  /** Replaces a kernel, by its label's beginning. */
  readonly kernel?: (kernel: Kernel) => Kernel;
  readonly places?: Uint32Array<ArrayBuffer>;
  readonly delta?: (delta: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;
  readonly window?: number;
}

/** Attention on a device, forward and backward, with not-a-number in all rows beyond the batch; those rows come back too. */
export async function attendPacked(
  device: GPUDevice,
  target: KernelTarget,
  it: PackedCase,
  given: PackedInputs = packedInputs(it),
  departure: Departure = {},
) {
  const { heads, kvHeads, headDim } = it;
  const count = given.places.length / 4;
  const rows = count + BEYOND;
  const window = departure.window ?? it.window ?? rows;
  const params = { heads, kv_heads: kvHeads, window, quads: headDim / 4 };
  const extended = <A extends Float32Array | Uint32Array>(data: A, width: number, beyond: number): A => {
    const whole = new (data.constructor as new (length: number) => A)(rows * width).fill(beyond) as A;
    whole.set(data.subarray(0, count * width));
    return whole;
  };
  const beyond = (data: Float32Array<ArrayBuffer>, width: number) => extended(data, width, NaN);
  const empty = (width: number) => new Float32Array(rows * width).fill(UNTOUCHED);
  const variant = { headDim, rotated: given.table !== undefined };
  const dispatch = async <Name extends string>({ kernel, work }: ReturnType<typeof workOf>, names: readonly Name[]) => {
    const found = await run(device, departure.kernel?.(kernel) ?? kernel, work, names);
    return Object.fromEntries(
      Object.entries<ArrayBuffer>(found).map(([name, bytes]) => [name, new Float32Array(bytes)]),
    ) as Record<Name, Float32Array<ArrayBuffer>>;
  };

  const read = {
    places: extended(departure.places ?? given.places, 4, 0xffffffff),
    qkv: beyond(given.qkv, (heads + 2 * kvHeads) * headDim),
    ...(given.table && { table: given.table }),
  };
  const d_out = beyond(given.dOut, heads * headDim);
  const width = heads * headDim;
  const first = await dispatch(
    workOf(packedAttention, { headDim }, target, {
      bind: { ...read, out: empty(width), softmax: empty(2 * heads) },
      params,
      count,
    }),
    ['out', 'softmax'],
  );
  const { out } = first;
  const second = await dispatch(
    workOf(packedAttentionBackwardQ, variant, target, {
      bind: {
        ...read,
        d_out,
        out: beyond(out, width),
        softmax: first.softmax,
        d_qkv: empty((heads + 2 * kvHeads) * headDim),
      },
      params,
      count,
    }),
    ['d_qkv', 'softmax'],
  );
  const part = (n: 0 | 1) => second.softmax.filter((_, i) => i % 2 === n);
  const [lse, delta] = [part(0), part(1)];
  const changed = departure.delta?.(delta.slice()) ?? delta;
  const softmax = beyond(
    Float32Array.from(second.softmax, (each, i) => (i % 2 ? changed[i >> 1] : each)),
    2 * heads,
  );
  const { d_qkv } = await dispatch(
    workOf(packedAttentionBackwardKv, variant, target, {
      bind: { ...read, d_out, softmax, d_qkv: second.d_qkv },
      params,
      count,
    }),
    ['d_qkv'],
  );
  const cut = (data: Float32Array<ArrayBuffer>) => data.subarray(0, (data.length / rows) * count);
  const tails = [out, lse, delta, d_qkv].flatMap((data) => [...data.subarray((data.length / rows) * count)]);
  return { out: cut(out), lse: cut(lse), delta: cut(delta), d_qkv: cut(d_qkv), tails };
}
