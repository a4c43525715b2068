// A LoRA in training over a loaded model: forward, backward, update; every loop over layers is in forward.ts and backward.ts.
import type { LoraPair } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { Buffers } from '../../gpu/buffers';
import { workDone } from '../../gpu/waiting';
import { packOptimizerStep } from '../../ops/optimizer/adamw';
import { packPlaces } from '../../ops/attention/places';
import type { LoraSpec, LoraTrainer, MicroBatch, OptimizerState, OptimizerStep, StepResult, Turn } from '../lora-types';
import { readBack, TrainedPairs } from './pairs';
import { buildPasses, type Passes, type TrainerParts } from './passes';
import { trainingMemory } from './sizes';
import { type Extent, Slices, type Work } from './slices';

/**
 * Puts a LoRA beside a loaded model: A uniform in ±1/√inputs as PEFT begins, B zero.
 * @param turn asked before each slice of work
 * @throws PronkError `bad-config`, `out-of-memory`
 */
export async function createLoraTrainer(parts: TrainerParts, spec: LoraSpec, turn: Turn): Promise<GpuLoraTrainer> {
  const buffers = new Buffers(parts.gpu.device);
  try {
    const passes = await buildPasses(parts, buffers, spec);
    const slices = new Slices(parts.gpu.device, turn);
    await slices.prepare();
    const trainer = new GpuLoraTrainer(parts, spec, buffers, passes, slices);
    await trainer.begin();
    return trainer;
  } catch (error) {
    buffers.destroy();
    throw error;
  }
}

export class GpuLoraTrainer implements LoraTrainer {
  readonly memory;
  readonly kernels;
  readonly #device: GPUDevice;
  readonly #spec: LoraSpec;
  readonly #buffers: Buffers;
  readonly #passes: Passes;
  readonly #slices: Slices;
  readonly #pairs: TrainedPairs;
  /** The norms are those of an adapter before. */
  #stale = true;

  constructor({ gpu, config }: TrainerParts, spec: LoraSpec, buffers: Buffers, passes: Passes, slices: Slices) {
    this.#device = gpu.device;
    this.#spec = spec;
    this.#buffers = buffers;
    this.#passes = passes;
    this.#slices = slices;
    this.memory = trainingMemory(config, spec, passes.maxPoolBytes);
    this.kernels = passes.labels;
    this.#pairs = new TrainedPairs(gpu.device, spec, passes.layout, passes.buffers);
  }

  /** DoRA's first magnitudes. */
  async begin(): Promise<void> {
    if (!this.#spec.dora) return;
    await this.#run([], { tokens: 0, labels: 0 });
    await this.#pairs.startMagnitudes();
  }

  /** Work over the adapter as it is now. */
  async #run(work: readonly Work[], extent: Extent): Promise<void> {
    await this.#slices.run(this.#stale ? [...this.#passes.norms, ...work] : work, extent);
    this.#stale = false;
  }

  async accumulate(batch: MicroBatch, weight: number, step: number): Promise<void> {
    const extent = this.#write(batch, weight, step);
    const { forward, loss, backward } = this.#passes;
    if (extent.labels === 0) return;
    await this.#run([...forward, ...loss, ...backward], extent);
  }

  async evaluate(batch: MicroBatch): Promise<{ loss: number; targets: number }> {
    const extent = this.#write(batch, 1, 0);
    if (extent.labels === 0) return { loss: 0, targets: 0 };
    const { losses } = this.#passes.buffers.workspace;
    await this.#run([...this.#passes.plainForward, ...this.#passes.plainLoss], extent);
    const each = new Float32Array(await readBack(this.#device, losses, 4 * extent.labels));
    return { loss: each.reduce((sum, one) => sum + one, 0), targets: extent.labels };
  }

  async update(options: OptimizerStep): Promise<StepResult> {
    const { buffers, update } = this.#passes;
    this.#device.queue.writeBuffer(buffers.optimizer, 0, packOptimizerStep(options));
    await this.#slices.run(update, { tokens: 0, labels: 0 });
    const [loss, gradNorm, , finite] = new Float32Array(await readBack(this.#device, buffers.report));
    this.#pairs.clear();
    this.#stale = true;
    return { loss, gradNorm, skipped: finite === 0 };
  }

  gradients(): Promise<{ a: Float32Array; b: Float32Array; magnitude?: Float32Array }[]> {
    return this.#pairs.read('gradients');
  }

  pairs(): Promise<LoraPair[]> {
    return this.#pairs.get();
  }

  setPairs(pairs: readonly LoraPair[]): void {
    this.#pairs.set(pairs);
    this.#stale = true;
  }

  state(): Promise<OptimizerState> {
    return this.#pairs.state();
  }

  restore(state: OptimizerState): void {
    this.#pairs.restore(state);
    this.#stale = true;
  }

  destroy(): void {
    this.#buffers.destroy();
  }

  /** Bytes that were really allocated, for checks of the plan. */
  get allocated(): number {
    return Object.values(this.#buffers.memory).reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Labels of the kernels of a micro-batch. */
  get labels(): readonly string[] {
    const { forward, loss, backward } = this.#passes;
    const steps = [...forward, ...loss, ...backward].flatMap(({ do: what }) =>
      'step' in what ? [what.step.label] : [],
    );
    return [...new Set(steps)];
  }

  /**
   * Milliseconds that the dispatches of some kernels take in a micro-batch, the least of three runs, for benchmarks. What
   * they compute is of no use when others are left out.
   */
  async timed(batch: MicroBatch, chosen: (label: string) => boolean): Promise<number> {
    const { forward, loss, backward } = this.#passes;
    const all = [...forward, ...loss, ...backward];
    const work = all.filter(({ do: what }) => 'step' in what && chosen(what.step.label));
    const extent = this.#write(batch, 0, 0);
    let least = Infinity;
    for (let run = 0; run < 3; run++) {
      await workDone(this.#device.queue);
      const started = performance.now();
      await this.#slices.run(work, extent);
      least = Math.min(least, performance.now() - started);
    }
    return least;
  }

  /** Tells the device what the next passes go over. */
  #write({ ids, positions, targets, rows }: MicroBatch, weight: number, step: number): Extent {
    const { queue } = this.#device;
    const { buffers: b, chunk } = this.#passes;
    const { workspace } = b;
    const tokens = ids.length;
    if (tokens > this.#spec.tokens) {
      throw new PronkError(
        'out-of-memory',
        `A micro-batch has ${tokens} tokens, and this run was planned for ${this.#spec.tokens}. Plan it again.`,
      );
    }
    const picked = Uint32Array.from([...targets.keys()].filter((t) => targets[t] >= 0));
    queue.writeBuffer(workspace.ids, 0, ids);
    queue.writeBuffer(workspace.places, 0, packPlaces({ positions, rows }));
    queue.writeBuffer(workspace.targets, 0, targets);
    queue.writeBuffer(workspace.picked, 0, picked);
    queue.writeBuffer(b.tokens, 0, Uint32Array.of(0, tokens, 0, 0));
    queue.writeBuffer(b.labels, 0, Uint32Array.of(0, picked.length, 0, 0));
    for (const [i, state] of b.chunks.entries()) {
      const start = i * chunk;
      const count = Math.max(0, Math.min(chunk, picked.length - start));
      queue.writeBuffer(state, 0, Uint32Array.of(start, count, 0, 0));
    }
    queue.writeBuffer(b.weight, 0, Float32Array.of(weight));
    queue.writeBuffer(b.noise, 0, Uint32Array.of(this.#spec.seed >>> 0, step >>> 0));
    return { tokens, labels: picked.length };
  }
}
