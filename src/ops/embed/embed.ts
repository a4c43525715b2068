// Embedding lookup: rows of a matrix of any kind, gathered by id.
import { codeBytes, type WeightKind } from '../../core/weight-kinds';
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import embedSource from '../../../shaders/embed/embed.wgsl?raw';
import { KERNEL_KINDS, weightDefinitions, weightSnippets } from '../matmul/weights';

const WORKGROUP = 64;

interface Variant {
  readonly kind: WeightKind;
}

/** x [T, K] = the rows of `ids` times a factor; those that this part of the matrix does not hold are left as they are. */
export const embed = op({
  name: 'embed',
  variants: () => KERNEL_KINDS.map((kind): Variant => ({ kind })),
  source: ({ kind }: Variant) => ({
    label: `embed ${kind}`,
    definitions: weightDefinitions(kind, false),
    snippets: { state, ...weightSnippets(kind), embed: embedSource },
  }),
  params: { rows: 'u32', columns: 'u32', row_start: 'u32', factor: 'f32' },
  bindings: { state: 'read', ids: 'read', x: 'read_write', codes: 'read', scales: 'read?' },
  // one thread a quad
  grid: ({ params: { columns }, rows }) => [Math.ceil((rows * columns) / 4 / WORKGROUP)],
  cost: ({ variant: { kind }, params: { columns }, rows }) => ({
    flops: rows * columns,
    bytes: rows * (codeBytes(kind, columns) + 4 * columns),
  }),
  reference: (table: ArrayLike<number>, ids: ArrayLike<number>, columns: number, factor = 1) =>
    Float64Array.from({ length: ids.length * columns }, (_, i) => {
      return factor * table[ids[Math.floor(i / columns)] * columns + (i % columns)];
    }),
});
