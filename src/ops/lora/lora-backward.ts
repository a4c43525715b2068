// The gradients of low-rank updates, in two dispatches a group: those that follow from dy, and those that follow from
// v, the gradient of A · mask(x).
import type { Activation } from '../../core/model-config';
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import loraAGradient from '../../../shaders/lora/lora-a-gradient.wgsl?raw';
import loraBGradient from '../../../shaders/lora/lora-b-gradient.wgsl?raw';
import loraBindings from '../../../shaders/lora/lora-bindings.wgsl?raw';
import loraDownBackward from '../../../shaders/lora/lora-down-backward.wgsl?raw';
import loraInput from '../../../shaders/lora/lora-input.wgsl?raw';
import loraInputBackwardSource from '../../../shaders/lora/lora-input-backward.wgsl?raw';
import loraOutputBackwardSource from '../../../shaders/lora/lora-output-backward.wgsl?raw';
import loraUpBackward from '../../../shaders/lora/lora-up-backward.wgsl?raw';
import { ACTIVATIONS, activationSnippet } from '../activation';
import { GLU_LABELS } from '../glu/glu';
import { folded } from '../rows';
import type { KernelTarget } from '../tuning';
import { costOfA, costOfB, LORA_PARAMS, MANY_TOKENS, masks, mostRows, partials, summed, TILE_N, TILE_R } from './lora';
import { inputBackwardReference, outputBackwardReference } from './lora-reference';

interface CostOf {
  readonly flops: number;
  readonly bytes: number;
}
const twice = ({ flops, bytes }: CostOf): CostOf => ({ flops: 2 * flops, bytes: 2 * bytes });

/** v [T, J] = scale · Bᵀ · dy, and dB [M, R] += scale · dyᵀ · u */
export const loraOutputBackward = op({
  name: 'lora-output-backward',
  variants: () => [{}],
  source(_: object, { training: { lora } }: KernelTarget) {
    const { workgroup, rowLanes, tokenLanes, rows } = lora.outputBackward;
    const elements = (workgroup / tokenLanes) * rows * TILE_R;
    return {
      definitions: {
        TILE_N,
        TILE_R,
        TILE_M: rows,
        WORKGROUP_SIZE: workgroup,
        LANES: rowLanes,
        TOKEN_LANES: tokenLanes,
        SHARED: rowLanes > 1,
        Sum: 'f32',
        PARTIALS: Math.max(partials(rowLanes, TILE_N * TILE_R), partials(tokenLanes, elements)),
      },
      snippets: {
        state,
        loraBindings,
        ...summed(rowLanes),
        loraUpBackward,
        loraBGradient,
        loraOutputBackward: loraOutputBackwardSource,
      },
    };
  },
  params: LORA_PARAMS,
  bindings: { state: 'read', dy: 'read', b: 'read', u: 'read', v: 'read_write', db: 'read_write' },
  grid({ target, params: own, rows: tokens }) {
    const { workgroup, rowLanes, tokenLanes, rows } = target.training.lora.outputBackward;
    const tokenGroups = Math.ceil(tokens / (TILE_N * (workgroup / rowLanes)));
    const rowGroups = Math.ceil(mostRows(own) / ((workgroup / tokenLanes) * rows));
    return folded((tokenGroups + rowGroups) * Math.ceil(own.rank / TILE_R) * own.maps);
  },
  cost: (of) => twice(costOfB(of)),
  reference: outputBackwardReference,
});

/** The input of a group's maps: x as it is bound, its RMSNorm, or f(gate) · up. */
export type LoraInput = 'plain' | 'normed' | Activation;

interface InputBackwardVariant {
  /** Whether there is dropout, for which `places` and `noise` (seed, step) are bound. */
  readonly dropout: boolean;
  /** The input of the maps; not `normed` with dropout, which would bind too many buffers. */
  readonly input: LoraInput;
  /** Whether the gradient of x is computed. */
  readonly dx: boolean;
}

const INPUTS: readonly LoraInput[] = ['plain', 'normed', ...ACTIVATIONS];
const isGated = (input: LoraInput) => input !== 'plain' && input !== 'normed';
const NAMES: Readonly<Record<LoraInput, string>> = { plain: 'x', normed: 'rmsnorm', ...GLU_LABELS };

/** dA [J, K] += vᵀ · mask(x), and dx [T, K] += mask(Aᵀ · v) */
export const loraInputBackward = op({
  name: 'lora-input-backward',
  variants: () =>
    INPUTS.flatMap((input) =>
      [true, false]
        .filter((dropout) => !(dropout && input === 'normed'))
        .flatMap((dropout) => [true, false].map((dx): InputBackwardVariant => ({ dropout, input, dx }))),
    ),
  source({ dropout, input, dx }: InputBackwardVariant, { training: { lora } }: KernelTarget) {
    const { workgroup, tokenLanes } = lora.inputBackward;
    const elements = (workgroup / tokenLanes) * TILE_R;
    return {
      label: `lora-input-backward ${NAMES[input]}`,
      definitions: {
        TILE_N: MANY_TOKENS,
        TILE_R,
        WORKGROUP_SIZE: workgroup,
        TOKEN_LANES: tokenLanes,
        SHARED: tokenLanes > 1,
        Sum: 'vec4f',
        PARTIALS: partials(tokenLanes, elements),
        HAS_DX: dx,
        NORMED: input === 'normed',
        GATED: isGated(input),
      },
      snippets: {
        state,
        loraBindings,
        ...masks(dropout),
        ...summed(tokenLanes),
        ...(isGated(input) && activationSnippet(input as Activation)),
        loraInput,
        loraAGradient,
        ...(dx && { loraDownBackward }),
        loraInputBackward: loraInputBackwardSource,
      },
    };
  },
  params: LORA_PARAMS,
  bindings: {
    state: 'read',
    places: 'read?',
    noise: 'read?',
    x: 'read?',
    gate_up: 'read?',
    gain: 'read?',
    inverse: 'read?',
    v: 'read',
    da: 'read_write',
    a: 'read?',
    dx: 'read_write?',
  },
  grid({ target, variant: { dx }, params: { columns, rank, maps }, rows }) {
    const { workgroup, tokenLanes } = target.training.lora.inputBackward;
    const quads = columns / 4;
    const ofA = Math.ceil(quads / (workgroup / tokenLanes)) * Math.ceil(rank / TILE_R) * maps;
    return folded(ofA + (dx ? Math.ceil(quads / workgroup) * Math.ceil(rows / MANY_TOKENS) : 0));
  },
  cost: (of) => (of.variant.dx ? twice(costOfA(of)) : costOfA(of)),
  reference: inputBackwardReference,
});
