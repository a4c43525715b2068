// The tables of rotary angles on the device, one for all layers that rotate alike. Where a model scales them by the length of
// its text (dynamic NTK), what is read as a prompt and what is generated differ, as in transformers: all positions of a prompt
// are rotated for the prompt's own length, and each token that follows for the length so far, while keys that lie in the cache
// stay as they are.
import { type ModelConfig, perRotary, type RotaryConfig } from '../../core/model-config';
import { type Buffers, write } from '../../gpu/buffers';
import { ropeTable } from '../../ops/rope/rope';

/** [context, d/2] (cos, sin) of each layer; none for a layer that does not rotate. */
export type RotaryTables = readonly (GPUBuffer | undefined)[];

/** The tables of layers that rotate alike. */
interface Pair {
  readonly rotary: RotaryConfig;
  readonly token: GPUBuffer;
  /** Prompts have `token` too, unless the model scales them by their length. */
  readonly prompt: GPUBuffer;
}

export class Rotary {
  /** For the positions of a prompt. */
  readonly prompt: RotaryTables;
  /** For tokens that are generated one by one. */
  readonly token: RotaryTables;
  /** Texts up to this length have one rotation for each position, whatever their length. */
  readonly fixed: number;
  readonly #buffers: Buffers;
  readonly #context: number;
  readonly #growing: readonly Pair[];
  /** The length that the prompt's tables are for; 0 for texts up to `fixed`. */
  #length = 0;

  constructor(buffers: Buffers, config: ModelConfig, context: number) {
    this.#buffers = buffers;
    this.#context = context;
    this.fixed = config.ropeScaling?.type === 'dynamic' ? config.contextLength : Infinity;
    const pairs = perRotary(config, (rotary): Pair => {
      const token = buffers.from('activations', ropeTable(rotary, context), 'rope table');
      const grows = rotary.ropeScaling?.type === 'dynamic' && context > this.fixed;
      if (!grows) return { rotary, token, prompt: token };
      const prompt = buffers.from('activations', ropeTable(rotary, context, 0), 'rope table of a prompt');
      return { rotary, token, prompt };
    });
    this.token = pairs.map((pair) => pair?.token);
    this.prompt = pairs.map((pair) => pair?.prompt);
    this.#growing = [...new Set(pairs)]
      .filter((pair) => pair !== undefined)
      .filter((pair) => pair.prompt !== pair.token);
  }

  /** Makes the prompt's tables those of a prompt of this length. */
  beginPrompt(length: number): void {
    const wanted = length > this.fixed ? length : 0;
    if (wanted === this.#length) return;
    for (const { rotary, prompt } of this.#growing) {
      const table = ropeTable(rotary, wanted || this.#context, wanted);
      write(this.#buffers.device, prompt, 0, new Uint8Array(table.buffer));
    }
    this.#length = wanted;
  }
}
