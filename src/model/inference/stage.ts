// Times the model's own dispatches with one kernel shape after another.
import { unlessAborted } from '../../core/cut-off';
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { encode, type Step } from '../../gpu/kernel';
import { workDone } from '../../gpu/waiting';
import type { Answer, Question } from '../../ops/tune';
import { buildForward, type LlamaParts } from './llama';

/** Least milliseconds of a run; shorter passes are repeated. */
const LEAST_RUN = 4;
/** Tokens in the cache while a token is timed, and tokens of a prompt. */
const POSITION = 512;
const PROMPT = 128;

/**
 * A forward pass of the model, built with one shape after another and timed before anything has been read, so that its
 * writes do no harm.
 */
export class Stage {
  readonly #gpu: Gpu;
  readonly #llama: LlamaParts;
  readonly #forward: Question['forward'];
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;
  readonly #buffers: Buffers;
  readonly #steps = new Map<string, Promise<Step[]>>();
  #repeats = 0;

  constructor(
    gpu: Gpu,
    llama: LlamaParts,
    { forward }: Question,
    { now, signal }: { readonly now: () => number; readonly signal?: AbortSignal | undefined },
  ) {
    this.#gpu = gpu;
    this.#llama = llama;
    this.#forward = forward;
    this.#now = now;
    this.#signal = signal;
    this.#buffers = new Buffers(gpu.device);
  }

  /** Milliseconds of one pass. @throws the signal's reason, at once while kernels are compiled, else when the pass is over */
  async run(answer: Answer): Promise<number> {
    const made = this.#steps.get(answer.name) ?? this.#build(answer);
    this.#steps.set(answer.name, made);
    const steps = await unlessAborted(made, this.#signal);
    if (this.#repeats === 0) {
      // the first run compiles, the second one tells how often to repeat
      await this.#timed(steps, 1);
      this.#repeats = Math.max(1, Math.min(64, Math.ceil(LEAST_RUN / Math.max(0.05, await this.#timed(steps, 1)))));
    }
    return (await this.#timed(steps, this.#repeats)) / this.#repeats;
  }

  async #build({ target }: Answer): Promise<Step[]> {
    const { rotary } = this.#llama;
    const tables = this.#forward === 'decode' ? rotary.token : rotary.prompt;
    const parts = { ...this.#llama, buffers: this.#buffers, target };
    const { body, head } = await buildForward(parts, target[this.#forward], tables);
    return [...body, ...head];
  }

  async #timed(steps: readonly Step[], repeats: number): Promise<number> {
    const { device } = this.#gpu;
    const { activations, cache, target } = this.#llama;
    const rows = this.#forward === 'decode' ? 1 : Math.min(PROMPT, target.batch, cache.context);
    const position = Math.max(0, Math.min(POSITION, cache.context - 1) - rows);
    device.queue.writeBuffer(activations.state, 0, Uint32Array.of(position, rows, 0, 0));
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < repeats; i++) encode(encoder, steps, rows);
    const commands = encoder.finish();
    const started = this.#now();
    device.queue.submit([commands]);
    await workDone(device.queue);
    const took = this.#now() - started;
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    return took;
  }

  /** Frees the stage's buffers; kernels that are still being compiled, when they are done. */
  end(): void {
    void Promise.allSettled(this.#steps.values()).then(() => this.#buffers.destroy());
  }
}
