// The two products of training with a frozen matrix, alone: y = W·x, and the gradient of its x.
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { encode, Kernels, type Step } from '../../gpu/kernel';
import { gemmGrid, gemmKernel } from '../../ops/matmul/gemm';
import { gemmTransposedGrid, gemmTransposedKernel } from '../../ops/matmul/gemm-transposed';
import { matvecGrid, matvecKernel } from '../../ops/matmul/matvec';
import { matvecTransposedGrid, matvecTransposedKernel } from '../../ops/matmul/matvec-transposed';
import type { Peak } from '../../ops/peak/peak';
import { tune } from '../../ops/tuning';
import { bindPart } from '../../ops/matmul/weights';
import { codeBytes, scaleBytes, type WeightKind } from '../../core/weight-kinds';
import { fourDigits } from '../digits';

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
    const { linear } = tune(gpu.features, gpu.software, 'exact').prefill;
    const tiles = linear === 'tiles';
    const variant = { kind, input: 'f32', output: 'f32' } as const;
    const forward = await kernels.step(
      tiles ? gemmKernel(variant) : matvecKernel({ ...variant, shape: linear }),
      buffers,
      { state, x: narrow, y: wide, gain: state, ...part },
      { rows: ROWS, columns: COLUMNS, row_start: 0, out_stride: ROWS, half: ROWS / 2, last_only: 0, epsilon: 0 },
      () => (tiles ? gemmGrid(ROWS, tokens) : matvecGrid(linear, ROWS, tokens)),
    );
    const transposed = await kernels.step(
      (gpu.software ? matvecTransposedKernel : gemmTransposedKernel)({ kind, accumulate: false }),
      buffers,
      { state, x: wide, y: narrow, ...part },
      { rows: ROWS, columns: COLUMNS, row_start: 0, x_stride: ROWS },
      () => (gpu.software ? matvecTransposedGrid : gemmTransposedGrid)(COLUMNS, tokens),
    );
    const share = async (step: Step) => {
      const flop = 2 * ROWS * COLUMNS * tokens;
      return fourDigits((flop * 1000) / (await milliseconds(gpu.device, step)) / peak.flops);
    };
    result[kind] = { forward: await share(forward), transposed: await share(transposed) };
    buffers.destroy();
  }
  return result;
}

/** The least of four runs; the first warms up. */
async function milliseconds(device: GPUDevice, step: Step): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 5; run++) {
    const encoder = device.createCommandEncoder();
    encode(encoder, [step], 1);
    await device.queue.onSubmittedWorkDone();
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    if (run > 0) least = Math.min(least, performance.now() - started);
  }
  return least;
}
