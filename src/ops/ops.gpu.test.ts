// Every kernel against its reference in float64, at odd shapes.
import { beforeAll, describe, expect, test } from 'vitest';
import { findAdapter } from '../headless/dawn';
import { Buffers, read } from '../gpu/buffers';
import type { Gpu } from '../gpu/device';
import { encode, Kernels } from '../gpu/kernel';
import { openAdapter } from '../gpu/device';
import { matvecGrid, matvecKernel, matvecReference } from './matvec';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openAdapter(await findAdapter());
  kernels = new Kernels(gpu.device);
});

export function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

const random = (n: number) => Float32Array.from({ length: n }, () => Math.random() * 2 - 1);

describe('matvec', () => {
  for (const lanes of [1, 32]) {
    for (const tokens of [1, 4]) {
      test(`f32 ${lanes} lanes, ${tokens} tokens`, async () => {
        const [N, K, T] = [37, 172, 5];
        const buffers = new Buffers(gpu.device);
        const [w, x, gain] = [random(N * K), random(T * K), random(K)];
        const y = buffers.storage('activations', T * N * 4);
        const shape = { rows: 4, tokens, lanes };
        const step = await kernels.step(
          matvecKernel({ kind: 'f32', shape, input: 'f32', output: 'f32', norm: true }),
          buffers,
          {
            state: buffers.from('activations', Uint32Array.of(0, T, 0, 0)),
            x: buffers.from('activations', x),
            gain: buffers.from('activations', gain),
            codes: buffers.from('weights', w),
            y,
          },
          { rows: N, columns: K, row_start: 0, out_stride: N, half: 0, last_only: 0, epsilon: 1e-5 },
          () => matvecGrid(shape, N, T),
        );
        const encoder = gpu.device.createCommandEncoder();
        encode(encoder, [step], { count: T, position: 0 });
        gpu.device.queue.submit([encoder.finish()]);
        const actual = new Float32Array(await read(gpu.device, y, 0, T * N * 4));
        const expected = matvecReference(w, x, { rows: N, columns: K, tokens: T }, { gain, epsilon: 1e-5 });
        expect(relative(actual, expected)).toBeLessThan(1e-5);
      });
    }
  }
});
