// Learned positions: a row of a table for each position, added to the embedding of the token that stands there.
import { op } from '../../gpu/op';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import embedPositionsSource from '../../../shaders/embed/embed-positions.wgsl?raw';

const WORKGROUP = 64;

interface Variant {
  /** Sequences lie side by side in the batch, at the places that training gives them. */
  readonly packed: boolean;
}

/** x [T, D] += rows of `positions` [context + offset, D], the first `offset` of which stand for no position. */
export const embedPositions = op({
  name: 'embed-positions',
  variants: () => [{ packed: false }, { packed: true }],
  source: ({ packed }: Variant) => ({
    label: `embed-positions${packed ? ' packed' : ''}`,
    definitions: { PACKED: packed },
    snippets: { state, ...(packed && { places }), embedPositions: embedPositionsSource },
  }),
  params: { columns: 'u32', offset: 'u32' },
  bindings: { state: 'read', places: 'read?', positions: 'read', x: 'read_write' },
  grid: ({ params: { columns }, rows }) => [Math.ceil((rows * columns) / 4 / WORKGROUP)],
  cost: ({ params: { columns }, rows }) => ({ flops: rows * columns, bytes: 12 * rows * columns }),
  reference: (
    x: ArrayLike<number>,
    table: ArrayLike<number>,
    at: ArrayLike<number>,
    { columns, offset }: { readonly columns: number; readonly offset: number },
  ) =>
    Float64Array.from(x, (value, i) => value + table[(at[Math.floor(i / columns)] + offset) * columns + (i % columns)]),
});
