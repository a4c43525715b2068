import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import adjustSource from '../../../shaders/sample/adjust.wgsl?raw';
import type { Adjustments } from './sampling';

const WORKGROUP_SIZE = 64;

/** The ids so far, and the ids that may come next. */
interface Written {
  /** Ids in the prompt or generated. */
  readonly seen: ReadonlySet<number>;
  /** Times that each id was generated. */
  readonly counts: ReadonlyMap<number, number>;
  /** Ids that a form leaves; all of them without it. */
  readonly allowed?: ReadonlySet<number>;
}

/** Writes the logits that are drawn from where a request adds to the model's own. */
export const adjust = op({
  name: 'adjust',
  variants: () => [{}],
  source: () => ({ definitions: { WORKGROUP_SIZE }, snippets: { state, adjust: adjustSource } }),
  params: { vocabulary: 'u32', first: 'u32', repetition: 'f32', presence: 'f32', frequency: 'f32' },
  bindings: {
    state: 'read',
    logits: 'read',
    seen: 'read',
    bias: 'read',
    allowed: 'read',
    counts: 'read_write',
    adjusted: 'read_write',
  },
  grid: ({ params: { vocabulary } }) => [Math.ceil(vocabulary / WORKGROUP_SIZE)],
  cost: ({ params: { vocabulary } }) => ({ flops: 4 * vocabulary, bytes: 16 * vocabulary }),
  reference: adjusted,
});

/** The parameters. @param first step of the generation's first draw */
export function adjustParams(vocabulary: number, repetition: number, adjustments: Adjustments, first: number) {
  const { presencePenalty: presence = 0, frequencyPenalty: frequency = 0 } = adjustments;
  return { vocabulary, first, repetition, presence, frequency } as const;
}

/**
 * The logits that are drawn from, in float64; −∞ where an id is left out. Presence and frequency as OpenAI defines them:
 * logit − (count > 0) · presence − count · frequency.
 */
function adjusted(
  logits: ArrayLike<number>,
  repetitionPenalty: number,
  adjustments: Adjustments,
  { seen, counts, allowed }: Written,
): Float64Array {
  const { presencePenalty = 0, frequencyPenalty = 0, logitBias = {} } = adjustments;
  return Float64Array.from(logits, (raw, id) => {
    if (allowed && !allowed.has(id)) return -Infinity;
    const logit = !seen.has(id) ? raw : raw > 0 ? raw / repetitionPenalty : raw * repetitionPenalty;
    const count = counts.get(id) ?? 0;
    return logit - (count > 0 ? presencePenalty : 0) - count * frequencyPenalty + (logitBias[id] ?? 0);
  });
}
