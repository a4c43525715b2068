// The tables of rotary angles on the device. Where a model scales them by the length of its text (dynamic NTK), what is read
// as a prompt and what is generated differ, as in transformers: all positions of a prompt are rotated for the prompt's own
// length, and each token that follows for the length so far, while keys that lie in the cache stay as they are.
import type { ModelConfig } from '../../core/model-config';
import { type Buffers, write } from '../../gpu/buffers';
import { ropeTable } from '../../ops/rope/rope';

export class Rotary {
  /** [context, d/2] (cos, sin) for the positions of a prompt. */
  readonly prompt: GPUBuffer;
  /** [context, d/2] (cos, sin) for tokens that are generated one by one. */
  readonly token: GPUBuffer;
  /** Texts up to this length have one rotation for each position, whatever their length. */
  readonly fixed: number;
  readonly #buffers: Buffers;
  readonly #config: ModelConfig;
  readonly #context: number;
  /** The length that the prompt's table is for; 0 for texts up to `fixed`. */
  #length = 0;

  constructor(buffers: Buffers, config: ModelConfig, context: number) {
    this.#buffers = buffers;
    this.#config = config;
    this.#context = context;
    this.fixed = config.ropeScaling?.type === 'dynamic' ? config.contextLength : Infinity;
    this.token = buffers.from('activations', ropeTable(config, context), 'rope table');
    this.prompt =
      context <= this.fixed
        ? this.token
        : buffers.from('activations', ropeTable(config, context, 0), 'rope table of a prompt');
  }

  /** Makes the prompt's table that of a prompt of this length. */
  beginPrompt(length: number): void {
    const wanted = length > this.fixed ? length : 0;
    if (this.prompt === this.token || wanted === this.#length) return;
    const table = ropeTable(this.#config, wanted || this.#context, wanted);
    write(this.#buffers.device, this.prompt, 0, new Uint8Array(table.buffer));
    this.#length = wanted;
  }
}
