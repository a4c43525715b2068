// What samples on the GPU: its buffers, its settings, and the ids that come back.
import { PronkError } from '../../core/errors';
import type { Buffers } from '../../gpu/buffers';
import type { Step } from '../../gpu/kernel';
import { GREEDY, sample, sampleParams, type Sampling } from '../../ops/sample/sample';
import type { LlamaParts } from './llama';

/** Sampled ids stay on the GPU in a ring of this many, so that this many may be enqueued ahead. */
export const RING = 64;

interface SamplerBuffers {
  readonly params: GPUBuffer;
  /** Bit per id. */
  readonly seen: GPUBuffer;
  readonly probabilities: GPUBuffer;
  readonly outputs: GPUBuffer;
}

export class Sampler {
  /** Reads the logits, writes the next id where the next token's forward pass finds it. */
  readonly step: Step;
  readonly #device: GPUDevice;
  readonly #vocabulary: number;
  readonly #buffers: SamplerBuffers;
  readonly #staging: GPUBuffer[] = [];

  /** Compiles the kernel. The buffers are the model's, and end with it. */
  static async create(llama: LlamaParts): Promise<Sampler> {
    const { kernels, buffers, config, activations, target } = llama;
    const own = createBuffers(buffers, config.vocabSize);
    const { state, logits, ids } = activations;
    const { params: uniforms, ...bound } = own;
    const step = await sample.step(
      llama,
      { threads: target.samplerThreads },
      { ...bound, state, logits, ids },
      sampleParams(config.vocabSize, GREEDY, RING),
      uniforms,
    );
    return new Sampler(kernels.device, config.vocabSize, own, step);
  }

  private constructor(device: GPUDevice, vocabulary: number, buffers: SamplerBuffers, step: Step) {
    this.#device = device;
    this.#vocabulary = vocabulary;
    this.#buffers = buffers;
    this.step = step;
  }

  /** Begins a generation after `ids`. */
  begin(ids: readonly number[], sampling: Sampling): void {
    const { queue } = this.#device;
    const seen = new Uint32Array(Math.ceil(this.#vocabulary / 32));
    for (const id of ids) seen[id >> 5] |= 1 << (id & 31);
    queue.writeBuffer(this.#buffers.seen, 0, seen);
    queue.writeBuffer(this.#buffers.params, 0, sample.pack(sampleParams(this.#vocabulary, sampling, RING)));
  }

  /**
   * Ids of `count` steps from `step` on, out of the ring: at most as many as it holds, and before they are overwritten.
   * @throws PronkError `device-lost`
   */
  async read(step: number, count: number): Promise<Uint32Array> {
    const device = this.#device;
    const staging =
      this.#staging.pop() ??
      device.createBuffer({
        size: RING * 4,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        label: 'sampled ids',
      });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffers.outputs, 0, staging, 0, RING * 4);
    device.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch (cause) {
      const lost =
        'The graphics device was lost while generating. What was written so far is kept; send again to go on.';
      throw new PronkError('device-lost', lost, { cause });
    }
    const ring = new Uint32Array(staging.getMappedRange());
    const ids = Uint32Array.from({ length: count }, (_, i) => ring[(step + i) % RING]);
    staging.unmap();
    this.#staging.push(staging);
    return ids;
  }

  /** Frees what is not the model's. */
  destroy(): void {
    for (const buffer of this.#staging.splice(0)) buffer.destroy();
  }
}

function createBuffers(buffers: Buffers, vocabulary: number): SamplerBuffers {
  return {
    params: buffers.from('uniforms', sample.pack(sampleParams(vocabulary, GREEDY, RING)), 'sampling'),
    seen: buffers.storage('sampler', Math.ceil(vocabulary / 32) * 4, 'seen'),
    probabilities: buffers.storage('sampler', vocabulary * 4, 'probabilities'),
    outputs: buffers.storage('sampler', RING * 4, 'outputs'),
  };
}
