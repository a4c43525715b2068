// The golden files of training agree with each other and with what this repository reads from them.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { dequantizeRows, packRows } from '../../quant/repack';
import { countTargets } from './batch';
import { goldenRun, loraGolden, referenceWeights } from './golden';
import { interleavedRows } from './peft';

const [f32, q4] = await Promise.all([goldenRun('f32'), goldenRun('q4')]);

test('the targets that are counted are those of the files', async () => {
  const { rows, targets } = await loraGolden('tiny-llama');
  expect(countTargets(rows)).toBe(targets);
  const counts = f32.order.map((micros) => countTargets(micros.flat().map((i) => f32.rows[i])));
  expect(counts).toEqual(f32.log.map((step) => step.targets));
});

test('each matrix through q4 is what ggml makes of it, to the bit', async () => {
  const { config } = q4;
  const digests: Record<string, string> = {};
  for (const [name, values] of await referenceWeights(q4.checkpoint)) {
    const { rows, columns } = q4.checkpoint.tensors.get(name)!;
    if (rows === 1) continue;
    const through = dequantizeRows(packRows(values, 'q4', rows, columns));
    const file = /[qk]_proj/.test(name) ? halfSplitRows(through, columns, config.headDim) : through;
    digests[name] = createHash('sha256').update(file).digest('hex');
  }
  expect(digests).toEqual(q4.q4);
});

/** The inverse of `interleavedRows`: each row to where it came from. */
function halfSplitRows(rows: Float32Array<ArrayBuffer>, columns: number, headDim: number) {
  const from = interleavedRows(
    Float32Array.from({ length: rows.length / columns }, (_, row) => row),
    1,
    { headDim },
  );
  const result = rows.slice();
  from.forEach((to, row) => result.set(rows.subarray(row * columns, (row + 1) * columns), to * columns));
  return result;
}

test('merged is base plus scale · B · A', async () => {
  for (const run of [f32, q4]) {
    const base = await referenceWeights(run.checkpoint);
    for (const { layer, map, rank, inputs, outputs, scale, a, b } of run.end) {
      const name = `model.layers.${layer}.${/gate|up|down/.test(map) ? 'mlp' : 'self_attn'}.${map}.weight`;
      const before = run === q4 ? dequantizeRows(packRows(base.get(name)!, 'q4', outputs, inputs)) : base.get(name)!;
      const merged = run.merged.get(name)!;
      let worst = 0;
      for (let i = 0; i < outputs; i++) {
        for (let j = 0; j < inputs; j++) {
          let sum = before[i * inputs + j];
          for (let r = 0; r < rank; r++) sum += scale * b[i * rank + r] * a[r * inputs + j];
          worst = Math.max(worst, Math.abs(sum - merged[i * inputs + j]));
        }
      }
      expect(worst, name).toBeLessThan(1e-6);
    }
    expect(run.end).toHaveLength(14);
  }
});

test('the start is as PEFT begins: A within 1/√inputs, B zero, and so no gradient of A', () => {
  for (const { a, b, inputs } of f32.start) {
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(inputs));
    expect(Math.max(...a)).toBeGreaterThan(0.8 / Math.sqrt(inputs));
    expect(b.every((value) => value === 0)).toBe(true);
  }
  expect(f32.firstGradients.every(({ a, b }) => a.every((x) => x === 0) && b.every((x) => x !== 0))).toBe(true);
});

test('the schedule begins at zero, and clipping takes part', () => {
  const rates = f32.log.map((step) => step.learningRate);
  expect(rates.slice(0, 6)).toEqual([0, 0.004, 0.008, 0.012, 0.016, 0.02]);
  expect(f32.log.filter((step) => step.gradNorm > 1).length).toBeGreaterThan(20);
  expect(f32.log.filter((step) => step.gradNorm < 1).length).toBeGreaterThan(5);
});
