// The tables of rotary angles on the device, one for all layers that rotate alike. Two methods scale them by the length of the
// text, from some length on.
//
// Dynamic NTK: what is read as a prompt and what is generated differ, as in transformers: all positions of a prompt are
// rotated for the prompt's own length, and each token that follows for the length so far, while keys that lie in the cache
// stay as they are.
//
// LongRoPE has one rotation for texts up to the original context and another for longer ones. Where an answer grows out of
// the first into the second, the text so far is read again, so that each token comes of one rotation, as in a pass of
// transformers over the whole text.
import { fixedRotation, type ModelConfig, perRotary, type RotaryConfig } from '../../core/model-config';
import { type Buffers, write } from '../../gpu/buffers';
import { ropeTable } from '../../ops/rope/rotation';

/** Stands for the rotation of a text: texts of one rotation may share keys. Undefined for one that no other text has. */
export type RotationKey = number | undefined;

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
  /** Whether a text that grows beyond `fixed` is read again. */
  readonly rereads: boolean;
  readonly #buffers: Buffers;
  readonly #context: number;
  readonly #growing: readonly Pair[];
  /** The length that the prompt's tables are for; 0 for texts up to `fixed`. */
  #length = 0;

  constructor(buffers: Buffers, config: ModelConfig, context: number) {
    this.#buffers = buffers;
    this.#context = context;
    this.fixed = fixedRotation(config);
    this.rereads = config.ropeScaling?.type === 'longrope';
    const pairs = perRotary(config, (rotary): Pair => {
      const token = buffers.from('activations', ropeTable(rotary, context), 'rope table');
      if (context <= fixedRotation(rotary)) return { rotary, token, prompt: token };
      const prompt = buffers.from('activations', ropeTable(rotary, context, 0), 'rope table of a prompt');
      return { rotary, token, prompt };
    });
    this.token = pairs.map((pair) => pair?.token);
    this.prompt = pairs.map((pair) => pair?.prompt);
    this.#growing = [...new Set(pairs)]
      .filter((pair) => pair !== undefined)
      .filter((pair) => pair.prompt !== pair.token);
  }

  /** The rotation that a text of this length is read with. */
  rotation(length: number): RotationKey {
    if (length <= this.fixed) return 0;
    return this.rereads ? 1 : undefined;
  }

  /** Makes the prompt's tables those of a prompt of this length. */
  beginPrompt(length: number): void {
    const beyond = this.rereads ? this.#context : length;
    const wanted = length > this.fixed ? beyond : 0;
    if (wanted === this.#length) return;
    for (const { rotary, prompt } of this.#growing) {
      const table = ropeTable(rotary, wanted || this.#context, wanted);
      write(this.#buffers.device, prompt, 0, new Uint8Array(table.buffer));
    }
    this.#length = wanted;
  }
}
