// The two products of training with a frozen matrix, alone: y = W·x, and the gradient of its x.
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { Kernels, type Step } from '../../gpu/kernel';
import { linear, linearBackward, NO_HEADS } from '../../ops/matmul/linear';
import { leastSeconds, type Peak } from '../../ops/peak/peak';
import { shapeFor, tune } from '../../ops/tuning';
import { bindPart } from '../../ops/matmul/weights';
import { codeBytes, scaleBytes, type WeightKind } from '../../core/weight-kinds';
import { fourDigits } from '../print';

/** TinyLlama's gate. */
const [ROWS, COLUMNS] = [5632, 2048];

/** Shares of the device's FMA peak, by kind of W. */
export async function benchProducts(gpu: Gpu, peak: Peak, kinds: readonly WeightKind[], tokens: number) {
  const result: Record<string, { forward: number; transposed: number }> = {};
  const kernels = new Kernels(gpu.device);
  for (const kind of kinds) {
    const buffers = new Buffers(gpu.device);
    const make = (bytes: number) => buffers.storage('activations', bytes);
    const scales = scaleBytes(kind, ROWS, COLUMNS);
    const part = bindPart({
      kind,
      rowStart: 0,
      rows: ROWS,
      codes: make(ROWS * codeBytes(kind, COLUMNS)),
      ...(scales > 0 && { scales: make(scales) }),
    });
    const state = buffers.from('activations', Uint32Array.of(0, tokens, 0, 0));
    const [narrow, wide] = [make(4 * tokens * COLUMNS), make(4 * tokens * ROWS)];
    const target = tune(gpu.features, gpu.software, 'exact');
    const context = { kernels, buffers, target };
    const forward = await linear.step(
      context,
      { kind, shape: shapeFor(target.training.linear, ROWS), input: 'f32', output: 'f32' },
      { state, x: narrow, y: wide, gain: state, ...part },
      {
        rows: ROWS,
        columns: COLUMNS,
        row_start: 0,
        out_stride: ROWS,
        half: ROWS / 2,
        last_only: 0,
        epsilon: 0,
        ...NO_HEADS,
      },
    );
    const backward = await linearBackward.step(
      context,
      { kind, accumulate: false },
      { state, x: wide, y: narrow, ...part },
      { rows: ROWS, columns: COLUMNS, row_start: 0, x_stride: ROWS },
    );
    const share = async (step: Step) => {
      const seconds = await leastSeconds(gpu.device, step, tokens);
      return fourDigits(step.cost(tokens).flops / seconds / peak.flops);
    };
    result[kind] = { forward: await share(forward), transposed: await share(backward) };
    buffers.destroy();
  }
  return result;
}
