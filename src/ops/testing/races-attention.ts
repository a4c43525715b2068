// Cases of attention in training for the search for data races: the tiled forms, over several tiles of rows and of
// columns.
import { packedAttentionBackwardKv, packedAttentionBackwardQ } from '../attention/packed-attention-backward';
import type { BindingTypes, Op } from '../../gpu/op';
import { PACKED, packedAttention } from '../attention/packed-attention';
import type { KernelTarget } from '../tuning';
import { random } from './numbers';
import type { RaceCase } from './races';
import { TARGETS, workOf } from './run';
import { packedInputs } from './sequences';

/** Vectors of more than one step of a tile, and of one column more than the lanes have. */
const CASE = { heads: 4, kvHeads: 2, headDim: 36, lengths: [3, 37] };

const race =
  (
    op: Pick<Op<never, KernelTarget, (typeof PACKED)['params'], BindingTypes, unknown>, 'grid' | 'kernel' | 'pack'>,
    outputs: readonly string[],
    /** Barriers at the end that guard nothing in this case. */
    idle = 0,
  ) =>
  (): RaceCase => {
    const { heads, kvHeads, headDim } = CASE;
    const { qkv, dOut, places } = packedInputs(CASE);
    const count = places.length / 4;
    const written: Record<string, Float32Array> = {
      out: new Float32Array(dOut.length),
      softmax: random(2 * count * heads, 3),
      d_qkv: new Float32Array(qkv.length),
    };
    const { kernel, work } = workOf(op as never, { headDim, rotated: false } as never, TARGETS.hardware, {
      bind: { qkv, places, d_out: dOut, ...written },
      params: { heads, kv_heads: kvHeads, window: count, quads: headDim / 4 },
      count,
    });
    const barriers = [...kernel.wgsl.matchAll(/\bworkgroupBarrier\(\);/g)].length;
    return {
      kernel,
      work,
      outputs,
      needed: process.env['PRONK_LONG'] ? Array.from({ length: barriers - idle }, (_, n) => n) : [],
    };
  };

/** By name; all of them when there is time: their pipelines take SwiftShader four seconds each. */
export const attentionRaces: Readonly<Record<string, () => RaceCase>> = {
  'attention packed': race(packedAttention, ['out', 'softmax']),
  ...(process.env['PRONK_LONG'] && {
    'attention backward q': race(packedAttentionBackwardQ, ['d_qkv']),
    // its last one is the end of an unrolled loop, and the next tile begins with one that guards as well
    'attention backward kv': race(packedAttentionBackwardKv, ['d_qkv'], 1),
  }),
};
