// Cases for the search for data races, each a kernel with its work; here are the kernels whose lanes reduce along a
// tree.
import type { Kernel } from '../../gpu/kernel';
import { crossEntropy } from '../loss/cross-entropy';
import { sumLosses } from '../loss/sum-losses';
import { packOptimizerStep } from '../optimizer/adamw';
import { gradientNorm, gradientPartials, gradientScale } from '../optimizer/gradient-norm';
import { layernorm, layernormBackward } from '../norm/layernorm';
import { qkNorm, qkNormBackward } from '../norm/qk-norm';
import { rmsnorm, rmsnormBackward } from '../norm/rmsnorm';
import { rope } from '../rope/rope';
import { random } from './numbers';
import { type Run, TARGETS, workOf } from './run';

export interface RaceCase {
  readonly kernel: Kernel;
  readonly work: Run;
  readonly outputs: readonly string[];
  /** Barriers whose loss must show. */
  readonly needed: readonly number[];
}

/** The tree of a sum and the tree of a maximum have a barrier each; what follows waits in workgroupUniformLoad. */
const [SUM, MAXIMUM] = [0, 1];

type Norm = Parameters<typeof workOf<{ picked: boolean; accumulate: boolean }, { columns: 'u32'; epsilon: 'f32' }>>[0];

const norm = (op: Norm, output: 'y' | 'dx') => (): RaceCase => {
  const [columns, tokens] = [300, 3];
  const inputs = { x: random(tokens * columns, 1), gain: random(columns, 2), shift: random(columns, 5) };
  return {
    ...workOf(op, { picked: false, accumulate: false }, TARGETS.hardware, {
      bind: { ...inputs, dy: random(tokens * columns, 4), [output]: random(tokens * columns, 3) },
      params: { columns, epsilon: 1e-5 },
      count: tokens,
    }),
    outputs: [output],
    needed: [SUM],
  };
};

const [HEADS, KV_HEADS, WIDTH] = [3, 1, 300];
const heads = { heads: HEADS, kv_heads: KV_HEADS, epsilon: 1e-5 };
const qkv = (seed: number) => random(2 * (HEADS + 2 * KV_HEADS) * WIDTH, seed);
const gains = random(2 * WIDTH, 2);

const headNorm = (backward: boolean) => (): RaceCase => ({
  ...workOf(backward ? qkNormBackward : qkNorm, {}, TARGETS.hardware, {
    bind: { qkv: qkv(1), gains, [backward ? 'd_qkv' : 'out']: qkv(3) },
    params: { ...heads, quads: WIDTH / 4 },
    count: 2,
  }),
  outputs: [backward ? 'd_qkv' : 'out'],
  needed: [SUM],
});

const normedRope = (): RaceCase => ({
  ...workOf(rope, { rotates: false, normed: true, scaled: false }, TARGETS.hardware, {
    bind: {
      qkv: qkv(1),
      gains,
      keys: new Float32Array(KV_HEADS * 2 * WIDTH),
      values: new Float32Array(KV_HEADS * 2 * WIDTH),
    },
    params: { ...heads, head_dim: WIDTH, context: 2, query_beta: 0, query_length: 1 },
    count: 2,
  }),
  outputs: ['qkv', 'keys', 'values'],
  needed: [SUM],
});

const losses = (): RaceCase => {
  const [vocabulary, rows] = [300, 3];
  return {
    ...workOf(crossEntropy, { gradient: true, quads: true }, TARGETS.hardware, {
      bind: {
        picked: Uint32Array.of(2, 0, 1),
        targets: Int32Array.of(299, 3, 256),
        weight: Float32Array.of(0.5),
        logits: random(rows * vocabulary, 1).map((x) => 8 * x),
        loss: new Float32Array(rows),
      },
      params: { vocabulary },
      count: rows,
    }),
    outputs: ['logits', 'loss'],
    needed: [SUM, MAXIMUM],
  };
};

const sumOfLosses = (): RaceCase => ({
  ...workOf(sumLosses, {}, TARGETS.hardware, {
    bind: { weight: Float32Array.of(0.5), loss: random(300), report: new Float32Array(4) },
    params: {},
    count: 300,
  }),
  outputs: ['report'],
  needed: [SUM],
});

const partialNorms = (): RaceCase => {
  const count = 5000;
  return {
    ...workOf(gradientNorm, {}, TARGETS.hardware, {
      bind: { gradient: random(count), partials: new Float32Array(gradientPartials(count)) },
      params: { count, first: 0 },
      count: 1,
    }),
    outputs: ['partials'],
    needed: [SUM],
  };
};

const clipping = (): RaceCase => {
  const step = { learningRate: 1, ratio: 1, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, count: 1 };
  return {
    ...workOf(gradientScale, {}, TARGETS.hardware, {
      bind: {
        partials: random(300).map(Math.abs),
        optimizer: new Float32Array(packOptimizerStep({ ...step, maxGradNorm: 1 })),
        report: new Float32Array(4),
      },
      params: { count: 300 },
      count: 1,
    }),
    outputs: ['report'],
    needed: [SUM],
  };
};

/** By name. */
export const rowRaces: Readonly<Record<string, () => RaceCase>> = {
  rmsnorm: norm(rmsnorm, 'y'),
  'rmsnorm backward': norm(rmsnormBackward, 'dx'),
  layernorm: norm(layernorm, 'y'),
  'layernorm backward': norm(layernormBackward, 'dx'),
  'norm of heads': headNorm(false),
  'norm of heads, backward': headNorm(true),
  'rope of normalized heads': normedRope,
  'cross-entropy': losses,
  'sum of losses': sumOfLosses,
  'gradient norm': partialNorms,
  'gradient scale': clipping,
};
