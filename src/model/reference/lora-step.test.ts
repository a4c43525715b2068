// 50 steps of training in float64 against PEFT's in float32: losses, norms, the adapter, and the merged weights.
import { describe, expect, test, vi } from 'vitest';
import type { LoraPair } from '../../core/adapter';
import { relative } from '../../ops/testing/numbers';
import { dequantizeRows, packRows } from '../../quant/repack';
import type { PairGradient, ReferencePair } from './lora-group';
import { loraReference } from './lora';
import { beginTraining, pairsNow, type TrainedPair, updateReference } from './lora-step';
import type { ReferenceWeights } from './llama';
import { countTargets, microBatch } from '../testing/batch';
import { goldenRun, referenceWeights } from '../testing/golden';

// for a busy machine
vi.setConfig({ testTimeout: 120_000 });

type Run = Awaited<ReturnType<typeof goldenRun>>;

/** The base's values; each matrix through Q4_0 where the run's were. */
async function baseOf(run: Run, base: 'f32' | 'q4'): Promise<ReferenceWeights> {
  const weights = new Map<string, Float64Array>();
  for (const [name, values] of await referenceWeights(run.checkpoint)) {
    const { rows, columns } = run.checkpoint.tensors.get(name)!;
    const through = base === 'q4' && rows > 1 ? dequantizeRows(packRows(values, 'q4', rows, columns)) : values;
    // one type of array everywhere: the loops run several times as fast
    weights.set(name, Float64Array.from(through));
  }
  return weights;
}

/** What a control changes. */
interface Change {
  readonly steps?: number;
  readonly decay?: number;
  readonly clip?: number;
  /** Steps by which the schedule is late. */
  readonly late?: number;
  /** Each micro-batch's mean by itself, and then their mean. */
  readonly meanOfMeans?: boolean;
}

function train(run: Run, weights: ReferenceWeights, change: Change = {}) {
  const { training, order, rows, log, config } = run;
  let trained: readonly TrainedPair[] = beginTraining(run.start);
  let first: readonly PairGradient[] = [];
  const steps: { loss: number; norm: number }[] = [];
  for (const [i, micros] of order.slice(0, change.steps).entries()) {
    const targets = countTargets(micros.flat().map((row) => rows[row]));
    const model = { config, weights, pairs: pairsNow(trained) };
    const parts = micros.map((numbers) => {
      const chosen = numbers.map((row) => rows[row]);
      const weight = change.meanOfMeans ? 1 / countTargets(chosen) / micros.length : 1 / targets;
      return loraReference(model, microBatch(chosen, numbers), weight);
    });
    const gradients = parts.map((part) => part.gradients).reduce(addGradients);
    const rate = log[i - (change.late ?? 0)]?.learningRate ?? 0;
    const { trained: next, norm } = updateReference(trained, gradients, {
      learningRate: rate,
      ratio: 1,
      weightDecay: change.decay ?? training.weight_decay,
      beta1: training.adam_beta1,
      beta2: training.adam_beta2,
      epsilon: training.adam_epsilon,
      maxGradNorm: change.clip ?? training.max_grad_norm,
      count: i + 1,
    });
    trained = next;
    if (i === 0) first = gradients;
    steps.push({ loss: parts.reduce((sum, { loss }) => sum + loss, 0), norm });
  }
  return { steps, first, pairs: pairsNow(trained), worst: worstOf(steps, log) };
}

function worstOf(steps: readonly { loss: number; norm: number }[], log: Run['log']) {
  return {
    loss: Math.max(...steps.map(({ loss }, i) => Math.abs(loss - log[i].loss))),
    norm: Math.max(...steps.map(({ norm }, i) => Math.abs(norm / log[i].gradNorm - 1))),
  };
}

function addGradients(left: readonly PairGradient[], right: readonly PairGradient[]): PairGradient[] {
  return left.map(({ a, b }, i) => ({
    a: a.map((value, j) => value + right[i].a[j]),
    b: b.map((value, j) => value + right[i].b[j]),
  }));
}

/** scale · B · A */
function product({ a, b, rank, scale }: ReferencePair): Float64Array {
  const [outputs, inputs] = [b.length / rank, a.length / rank];
  return Float64Array.from({ length: outputs * inputs }, (_, at) => {
    const [i, j] = [Math.floor(at / inputs), at % inputs];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += b[i * rank + r] * a[r * inputs + j];
    return scale * sum;
  });
}

/** How far the merged weights are from PEFT's, and how far what was added to the base is. */
function mergedErrors(run: Run, weights: ReferenceWeights, pairs: readonly ReferencePair[]) {
  const errors = pairs.map((pair, i) => {
    const end = run.end[i] as LoraPair;
    const name = `model.layers.${pair.layer}.${/gate|up|down/.test(pair.map) ? 'mlp' : 'self_attn'}.${pair.map}.weight`;
    const delta = product(pair);
    const merged = delta.map((each, at) => each + weights.get(name)![at]);
    return { merged: relative(merged, run.merged.get(name)!), delta: relative(delta, product(end)) };
  });
  return { merged: Math.max(...errors.map((e) => e.merged)), delta: Math.max(...errors.map((e) => e.delta)) };
}

for (const base of ['f32', 'q4'] as const) {
  const run = await goldenRun(base);
  const weights = await baseOf(run, base);

  test(`50 steps on ${base} are PEFT’s`, () => {
    const { steps, pairs, worst, first } = train(run, weights);
    expect(steps).toHaveLength(50);
    for (const [i, { a, b }] of run.firstGradients.entries()) {
      expect(relative(first[i].b, b)).toBeLessThan(1e-5);
      expect(a.every((x) => x === 0) && first[i].a.every((x) => x === 0)).toBe(true);
    }
    expect(worst.loss).toBeLessThan(2e-5);
    expect(worst.norm).toBeLessThan(5e-5);
    const { merged, delta } = mergedErrors(run, weights, pairs);
    expect(merged).toBeLessThan(5e-5);
    expect(delta).toBeLessThan(1e-4);
  });
}

describe('a few steps show it when', () => {
  const changes: Record<string, Change> = {
    'nothing decays': { decay: 0, steps: 9 },
    'nothing is clipped': { clip: 0, steps: 9 },
    'the schedule is a step late': { late: 1, steps: 3 },
    'each micro-batch is divided by its own labels': { meanOfMeans: true, steps: 3 },
  };
  test.each(Object.entries(changes))('%s', async (_, change) => {
    const run = await goldenRun('f32');
    const weights = await baseOf(run, 'f32');
    expect(train(run, weights, change).worst.loss).toBeGreaterThan(2e-4);
  });

  test('the base is not the one that was trained on', async () => {
    const [f32, q4] = await Promise.all([goldenRun('f32'), goldenRun('q4')]);
    expect(train(f32, await baseOf(q4, 'q4'), { steps: 1 }).worst.loss).toBeGreaterThan(1e-2);
  });

  test('the adapter is that of the other base', async () => {
    const [f32, q4] = await Promise.all([goldenRun('f32'), goldenRun('q4')]);
    const { merged, delta } = mergedErrors(f32, await baseOf(f32, 'f32'), q4.end);
    expect(merged).toBeGreaterThan(1e-2);
    expect(delta).toBeGreaterThan(1e-1);
  });
});

test('a gradient that is not finite changes nothing', async () => {
  const trained = beginTraining((await goldenRun('f32')).start);
  const gradients = trained.map(({ a, b }) => ({ a: a.parameters.map(() => 1), b: b.parameters.map(() => NaN) }));
  const step = {
    learningRate: 1,
    ratio: 1,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    maxGradNorm: 1,
    count: 1,
  };
  expect(updateReference(trained, gradients, step).trained).toBe(trained);
  const finite = gradients.map(({ a }, i) => ({ a, b: trained[i].b.parameters.map(() => 0) }));
  expect(updateReference(trained, finite, step).trained).not.toEqual(trained);
});
