// DoRA's dispatches: the scaling of the rows of a product with its update, and the norms that they are scaled by.
import type { Projection } from '../../core/adapter';
import { doraBackward, doraNorms, doraScale } from '../../ops/lora/dora';
import type { LoraParams } from '../../ops/lora/lora';
import { bindPart } from '../../ops/matmul/weights';
import { bindMatrices, bindRegion } from './buffers';
import { type DoraRegions, PROJECTION_NAMES } from './layout';
import type { Over, PassBuilder } from './pass-builder';
import type { Work } from './slices';

interface Scaled {
  readonly z: GPUBuffer;
  readonly y: GPUBuffer;
  readonly bias: GPUBuffer | undefined;
  readonly residual: boolean;
}

/** y (+)= m / norm ⊙ z + bias, where z is the product with its update */
export function scaledRows(
  builder: PassBuilder,
  dora: DoraRegions,
  params: LoraParams,
  { z, y, bias, residual }: Scaled,
): Promise<Work> {
  const variant = { residual, bias: bias !== undefined };
  return builder.dispatch(doraScale, builder.tokens, variant, { ...factors(builder, dora), z, y, bias }, params);
}

/**
 * The gradient of z, the product before its rows are scaled, and of the magnitudes; without DoRA dy itself.
 * @param dy of the product as `adapted` gives it; it stays as it is
 */
export function unscaled(
  builder: PassBuilder,
  layer: number,
  name: Projection,
  dy: GPUBuffer,
): { readonly dy: GPUBuffer; readonly works: Promise<Work>[] } {
  const { layout, b } = builder.parts;
  const group = layout.layers[layer][name];
  if (!group?.dora) return { dy, works: [] };
  const z = builder.keptOf(layer)[`z ${name}`];
  const dm = bindRegion(b.poolsB, group.dora.magnitude, 'gradients');
  const bindings = { ...factors(builder, group.dora), dy, z, dm };
  return {
    dy: z,
    works: [builder.dispatch(doraBackward, builder.tokens, {}, bindings, builder.adapterParams(group))],
  };
}

/** Computes one over the norm of each row of W + scale · B · A, for all adapted maps, after each update. */
export function rowNorms(builder: PassBuilder): Promise<Work>[] {
  const { layout, weights, spec, b: buffers } = builder.parts;
  const once: Over = { state: buffers.labels, rows: () => 1 };
  return layout.layers.flatMap((groups, layer) =>
    PROJECTION_NAMES.flatMap((name) => {
      const group = groups[name];
      if (!group?.dora) return [];
      const { inverse } = factors(builder, group.dora);
      const { a, b } = bindMatrices(buffers, group, 'parameters');
      let begin = 0;
      return group.maps.flatMap(({ first, rows }, index) => {
        const before = begin;
        begin += rows;
        return weights.layers[layer][name].parts.flatMap((part) => {
          const from = Math.max(first, part.rowStart);
          const count = Math.min(first + rows, part.rowStart + part.rows) - from;
          if (count <= 0) return [];
          const params = {
            rows: count,
            columns: group.inputs,
            rank: spec.rank,
            first: from - part.rowStart,
            first_b: before + from - first,
            first_a: index * spec.rank,
            scale: spec.scale,
          };
          const bindings = { a, b, inverse, ...bindPart(part) };
          return [builder.dispatch(doraNorms, once, { kind: part.kind }, bindings, params)];
        });
      });
    }),
  );
}

/** Bindings of the magnitudes, and of one over the norms. */
function factors({ parts: { b } }: PassBuilder, { magnitude, inverse: { pool, offset, length } }: DoraRegions) {
  return {
    magnitude: bindRegion(b.poolsB, magnitude, 'parameters'),
    inverse: { buffer: b.poolsInverse[pool], offset: 4 * offset, size: 4 * length },
  };
}
