// A LoraTrainer without a GPU: a LoRA over a frozen bigram model, which learns what follows what. Its gradients are exact,
// its state is f32 as on a GPU, and every run of it repeats bit for bit.
import type { LoraPair } from '../../core/adapter';
import type { LoraTrainer, MicroBatch, OptimizerState, OptimizerStep, StepResult } from '../../model/lora-types';

export interface ToyOptions {
  /** V */
  readonly vocabulary?: number;
  readonly rank?: number;
  readonly seed?: number;
  readonly dropout?: number;
  /** Steps, from 0, whose gradient is made infinite. */
  readonly poison?: ReadonlySet<number>;
  /** Called before every operation that takes time; it may throw, as a device that is lost does. */
  readonly before?: (operation: string) => Promise<void> | void;
}

/** Parameters: A [R, V], then B [V, R]; logits of id are W[id] + B · A[:, id]. Ids of larger vocabularies are taken modulo V. */
export function toyTrainer(options: ToyOptions = {}): LoraTrainer & { readonly destroyed: boolean } {
  const { vocabulary: V = 8, rank: R = 2, seed = 1, dropout = 0, poison, before = () => Promise.resolve() } = options;
  const size = 2 * R * V;
  const base = Float32Array.from({ length: V * V }, (_, i) => Math.sin(i * i + 1));
  const start = Float32Array.from({ length: size }, (_, i) => (i < R * V ? random(seed, 0, i) - 0.5 : 0));
  let parameters = start;
  let first = new Float32Array(size);
  let second = new Float32Array(size);
  let gradient = new Float64Array(size);
  let loss = 0;
  let destroyed = false;

  /** Cross-entropy of one target; adds weight · gradient. */
  const follow = (token: number, next: number, weight: number, keep: number) => {
    const [id, target] = [token % V, next % V];
    const a = Array.from({ length: R }, (_, r) => parameters[r * V + id] * keep);
    const b = (v: number, r: number) => parameters[R * V + v * R + r];
    const logits = Array.from(
      { length: V },
      (_, v) => base[id * V + v] + a.reduce((sum, x, r) => sum + x * b(v, r), 0),
    );
    const most = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    if (weight !== 0) {
      for (let v = 0; v < V; v++) {
        const d = weight * (Math.exp(logits[v] - most) / total - (v === target ? 1 : 0));
        for (let r = 0; r < R; r++) {
          gradient[r * V + id] += d * b(v, r) * keep;
          gradient[R * V + v * R + r] += d * a[r];
        }
      }
    }
    return most + Math.log(total) - logits[target];
  };

  const pairs = (): LoraPair[] => {
    const [a, b] = [parameters.slice(0, R * V), parameters.slice(R * V)];
    return [{ layer: 0, map: 'q_proj', rank: R, inputs: V, outputs: V, scale: 1, a, b }];
  };
  const clear = () => {
    gradient = new Float64Array(size);
    loss = 0;
  };

  return {
    memory: { adapter: 4 * size, optimizer: 12 * size, activations: 0, workspace: 0 },
    kernels: 'toy',
    get destroyed() {
      return destroyed;
    },
    async accumulate({ ids, targets, rows, positions }: MicroBatch, weight, step) {
      await before('accumulate');
      for (const [t, target] of targets.entries()) {
        if (target < 0) continue;
        const dropped = dropout > 0 && random(seed + step, rows[t], positions[t]) < dropout;
        loss += weight * follow(ids[t], target, weight, dropped ? 0 : 1 / (1 - dropout));
      }
      if (poison?.has(step)) gradient[0] = Infinity;
    },
    async evaluate({ ids, targets }) {
      await before('evaluate');
      const each = [...targets.entries()].filter(([, target]) => target >= 0);
      return { loss: each.reduce((sum, [t, target]) => sum + follow(ids[t], target, 0, 1), 0), targets: each.length };
    },
    async update(step: OptimizerStep): Promise<StepResult> {
      await before('update');
      const gradNorm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      const result = { loss, gradNorm, skipped: !Number.isFinite(gradNorm) };
      const clip = step.maxGradNorm > 0 ? Math.min(1, step.maxGradNorm / (gradNorm + 1e-6)) : 1;
      for (let i = 0; i < size && !result.skipped; i++) {
        const rate = step.learningRate * (i < R * V ? 1 : step.ratio);
        const g = gradient[i] * clip;
        first[i] = step.beta1 * first[i] + (1 - step.beta1) * g;
        second[i] = step.beta2 * second[i] + (1 - step.beta2) * g * g;
        const mean = first[i] / (1 - step.beta1 ** step.count);
        const root = Math.sqrt(second[i] / (1 - step.beta2 ** step.count)) + step.epsilon;
        parameters[i] = parameters[i] * (1 - rate * step.weightDecay) - (rate * mean) / root;
      }
      clear();
      return result;
    },
    async gradients() {
      return [{ a: Float32Array.from(gradient.slice(0, R * V)), b: Float32Array.from(gradient.slice(R * V)) }];
    },
    async pairs() {
      await before('pairs');
      return pairs();
    },
    setPairs([pair]) {
      parameters = Float32Array.of(...pair!.a, ...pair!.b);
      first = new Float32Array(size);
      second = new Float32Array(size);
      clear();
    },
    async state() {
      await before('state');
      return { parameters: parameters.slice(), first: first.slice(), second: second.slice() };
    },
    restore(state: OptimizerState) {
      parameters = state.parameters.slice();
      first = state.first.slice();
      second = state.second.slice();
      clear();
    },
    destroy() {
      destroyed = true;
    },
  };
}

/** A number in [0, 1) from three. */
function random(a: number, b: number, c: number): number {
  let x = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b) ^ Math.imul(c + 1, 0xc2b2ae35)) >>> 0;
  for (let i = 0; i < 3; i++) x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) >>> 0;
  return x / 2 ** 32;
}
