// What the kernels of norms share: rows that are all tokens or picked ones, each reduced by some lanes.
import type { Snippets } from '../../gpu/wgsl';
import type { KernelTarget } from '../tuning';
import state from '../../../shaders/common/state.wgsl?raw';
import normBindings from '../../../shaders/norm/norm-bindings.wgsl?raw';
import { rowGroups, rowSource } from '../rows';

interface Variant {
  /** Rows are the tokens that a list names, instead of all. */
  readonly picked: boolean;
}

/** Variants, parameters and grid of every norm. */
export const normOp = {
  variants: (): readonly Variant[] => [{ picked: false }, { picked: true }],
  params: { columns: 'u32', epsilon: 'f32' },
  grid: ({ target, rows }: { readonly target: KernelTarget; readonly rows: number }): readonly [number] => [
    rowGroups(target.training.rmsnorm, rows),
  ],
} as const;

/** The kernel of one direction. */
export const normSource =
  (label: string, direction: Snippets) =>
  (variant: Variant, { training }: KernelTarget) => {
    const { definitions, rows } = rowSource(training.rmsnorm);
    return {
      label: `${label}${variant.picked ? ' picked' : ''}`,
      definitions: { ...definitions, PICKED: variant.picked },
      snippets: { state, ...rows, normBindings, ...direction },
    };
  };

export interface NormShape {
  /** D, a multiple of 4. */
  readonly columns: number;
  readonly epsilon: number;
  /** Token of each row; every token in order when left out. */
  readonly picked?: ArrayLike<number>;
}
