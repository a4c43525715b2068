// DoRA's factors m / ‖W + scale · B · A‖ of each row, from a base's weights as they lie on the GPU: once for an adapter.
import type { LoraPair } from '../../core/adapter';
import { Buffers, read } from '../../gpu/buffers';
import { encode, type Step } from '../../gpu/kernel';
import type { OpContext } from '../../gpu/op';
import { doraNorms } from '../../ops/lora/dora';
import type { Matrix } from '../../ops/matmul/weights';
import { bindPart } from '../../ops/matmul/weights';
import type { KernelTarget } from '../../ops/tuning';

export type FactorContext = OpContext<KernelTarget>;
/** [outputs] of each pair with a magnitude. */
export type RowFactors = Map<LoraPair, Float32Array>;

/** A pair, and where its rows begin in the base's stacked matrix. */
interface PlacedPair {
  readonly pair: LoraPair;
  readonly matrix: Matrix;
  readonly output: number;
}

/** Bytes at whose multiples a binding may begin. */
const ALIGN = 256;
/** Pairs whose values are on the GPU together. */
const BATCH = 14;

/** The factors of all pairs that have a magnitude, in one read-back. */
export async function rowFactors(context: FactorContext, places: readonly PlacedPair[]): Promise<RowFactors> {
  const factors: RowFactors = new Map();
  const scaled = places.filter(({ pair }) => pair.magnitude);
  if (scaled.length === 0) return factors;
  const { device } = context.buffers;
  const sizes = scaled.map(({ pair }) => Math.ceil((4 * pair.outputs) / ALIGN) * ALIGN);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const results = new Buffers(device);
  try {
    const inverse = results.storage('adapters', total, 'inverse norms');
    let offset = 0;
    for (let start = 0; start < scaled.length; start += BATCH) {
      const buffers = new Buffers(device);
      try {
        const steps: Step[] = [];
        for (const [i, place] of scaled.slice(start, start + BATCH).entries()) {
          const size = sizes[start + i];
          steps.push(...(await norms({ ...context, buffers }, place, { buffer: inverse, offset, size })));
          offset += size;
        }
        const encoder = device.createCommandEncoder();
        encode(encoder, steps, 1);
        device.queue.submit([encoder.finish()]);
      } finally {
        buffers.destroy();
      }
    }
    const all = new Float32Array(await read(device, inverse, 0, total));
    let at = 0;
    for (const [i, { pair }] of scaled.entries()) {
      factors.set(
        pair,
        Float32Array.from(pair.magnitude ?? [], (m, row) => m * all[at + row]),
      );
      at += sizes[i] / 4;
    }
    return factors;
  } finally {
    results.destroy();
  }
}

/** One dispatch for each part of the matrix that has rows of the pair's map. */
function norms(
  context: FactorContext,
  { pair, matrix, output }: PlacedPair,
  inverse: { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number },
): Promise<Step[]> {
  const { buffers } = context;
  const { rank, inputs: columns, outputs, scale } = pair;
  const [a, b] = [buffers.from('adapters', pair.a, 'A'), buffers.from('adapters', pair.b, 'B')];
  const steps = matrix.parts.flatMap((part) => {
    const from = Math.max(output, part.rowStart);
    const rows = Math.min(output + outputs, part.rowStart + part.rows) - from;
    if (rows <= 0) return [];
    const params = { rows, columns, rank, first: from - part.rowStart, first_b: from - output, first_a: 0, scale };
    return [doraNorms.step(context, { kind: part.kind }, { a, b, inverse, ...bindPart(part) }, params)];
  });
  return Promise.all(steps);
}
