// Attention over sequences side by side on a device, forward and backward: for the tests of attention in training.
import type { Kernel } from '../../gpu/kernel';
import {
  attentionDelta,
  packedAttentionBackwardKv,
  packedAttentionBackwardQ,
} from '../attention/packed-attention-backward';
import { packedAttention } from '../attention/packed-attention';
import type { KernelTarget } from '../tuning';
import { run, workOf } from './run';
import { type PackedCase, packedInputs } from './sequences';

/** Rows beyond the batch, in every buffer. */
const BEYOND = 3;
/** What outputs hold before. */
export const UNTOUCHED = -5;

/** How a run departs from what is right. */
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
  given = packedInputs(it),
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
  const variant = { headDim };
  const dispatch = async <Name extends string>({ kernel, work }: ReturnType<typeof workOf>, names: readonly Name[]) => {
    const found = await run(device, departure.kernel?.(kernel) ?? kernel, work, names);
    return Object.fromEntries(
      Object.entries<ArrayBuffer>(found).map(([name, bytes]) => [name, new Float32Array(bytes)]),
    ) as Record<Name, Float32Array<ArrayBuffer>>;
  };

  const read = {
    places: extended(departure.places ?? given.places, 4, 0xffffffff),
    qkv: beyond(given.qkv, (heads + 2 * kvHeads) * headDim),
  };
  const d_out = beyond(given.dOut, heads * headDim);
  const width = heads * headDim;
  const { out, lse } = await dispatch(
    workOf(packedAttention, variant, target, {
      bind: { ...read, out: empty(width), lse: empty(heads) },
      params,
      count,
    }),
    ['out', 'lse'],
  );
  const { delta } = await dispatch(
    workOf(attentionDelta, {}, target, {
      bind: { out: beyond(out, width), d_out, delta: empty(heads) },
      params: { heads, quads: headDim / 4 },
      count,
    }),
    ['delta'],
  );
  const known = { ...read, d_out, lse: beyond(lse, heads), delta: beyond(departure.delta?.(delta) ?? delta, heads) };
  const { d_qkv: first } = await dispatch(
    workOf(packedAttentionBackwardQ, variant, target, {
      bind: { ...known, d_qkv: empty((heads + 2 * kvHeads) * headDim) },
      params,
      count,
    }),
    ['d_qkv'],
  );
  const { d_qkv } = await dispatch(
    workOf(packedAttentionBackwardKv, variant, target, { bind: { ...known, d_qkv: first }, params, count }),
    ['d_qkv'],
  );
  const cut = (data: Float32Array<ArrayBuffer>) => data.subarray(0, (data.length / rows) * count);
  const tails = [out, lse, delta, d_qkv].flatMap((data) => [...data.subarray((data.length / rows) * count)]);
  return { out: cut(out), lse: cut(lse), delta: cut(delta), d_qkv: cut(d_qkv), tails };
}
