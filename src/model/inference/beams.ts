// Beams on the GPU: each has a cache of its own. Where beams part, the rows of what was written are copied from one cache to
// another; a beam that goes on alone keeps its cache. A step is one forward pass a beam, so it costs as many tokens.
import { defined } from '../../core/defined';
import { Buffers, read } from '../../gpu/buffers';
import { encode, type Step } from '../../gpu/kernel';
import { logprobs, readRecord, RECORD } from '../../ops/sample/logprobs';
import { MOST_LOGPROBS } from '../../ops/sample/sampling';
import { type BeamOptions, beamSearch, type Candidate, candidatesOf, type Move, type Searched } from './beam-search';
import { createCache, type KeyValueCache } from './kv-cache';
import { buildForward, type LlamaParts } from './llama';

interface Slot {
  readonly cache: KeyValueCache;
  /** A token's forward pass through this cache, with the likeliest ids behind it. */
  readonly steps: readonly Step[];
}

class Beams {
  /** Tell the likeliest ids of a forward pass whose state says that step 1 was drawn: for the prompt. */
  readonly likeliest: readonly Step[];
  readonly #llama: LlamaParts;
  readonly #buffers: Buffers;
  readonly #records: GPUBuffer;
  readonly #slots: readonly Slot[];
  readonly #candidates: number;
  /** Positions of the prompt. */
  readonly #prompt: number;
  /** The slot of each running beam. */
  #running: readonly number[] = [0];
  #written = 0;

  /**
   * @param prompt positions that all beams share @param total positions at most
   * @param candidates likeliest ids to tell of each beam, cut at 20
   * @throws PronkError `out-of-memory`
   */
  static async create(
    llama: LlamaParts,
    beams: number,
    { prompt, total, candidates }: { prompt: number; total: number; candidates: number },
  ): Promise<Beams> {
    const { config, activations, target, rotary } = llama;
    const { state, logits } = activations;
    const buffers = new Buffers(llama.kernels.device);
    try {
      const records = buffers.storage('sampler', beams * RECORD * 4, 'likeliest ids of beams');
      const top = Math.min(candidates, MOST_LOGPROBS, config.vocabSize);
      const params = { vocabulary: config.vocabSize, top, outputs: beams };
      const own = { ...llama, buffers };
      const variant = { threads: target.sampler.threads };
      const scored = await logprobs.step(own, variant, { state, logits, records }, params);
      const slots: Slot[] = [];
      for (let i = 0; i < beams; i++) {
        const cache = createCache(buffers, config, total, target.cache);
        const { body, head } = await buildForward({ ...own, cache }, target.decode, rotary.token);
        slots.push({ cache, steps: [...body, ...head, scored] });
      }
      return new Beams(llama, buffers, { records, scored, slots, candidates: top, prompt });
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  private constructor(
    llama: LlamaParts,
    buffers: Buffers,
    made: { records: GPUBuffer; scored: Step; slots: readonly Slot[]; candidates: number; prompt: number },
  ) {
    this.#llama = llama;
    this.#buffers = buffers;
    this.#records = made.records;
    this.#slots = made.slots;
    this.#candidates = made.candidates;
    this.#prompt = made.prompt;
    this.likeliest = [made.scored];
  }

  /** Copies the prompt's rows to all beams; the likeliest ids behind it. */
  async begin(): Promise<readonly Candidate[]> {
    const encoder = this.#llama.kernels.device.createCommandEncoder();
    for (const { cache } of this.#slots) copyRows(encoder, this.#llama.cache, cache, 0, this.#prompt);
    this.#llama.kernels.device.queue.submit([encoder.finish()]);
    return (await this.#read(1))[0] ?? [];
  }

  /** Goes on: the likeliest ids behind each beam. */
  async expand(moves: readonly Move[]): Promise<readonly (readonly Candidate[])[]> {
    const { queue } = this.#llama.kernels.device;
    const { state, ids } = this.#llama.activations;
    this.#running = this.#placed(moves);
    const position = this.#prompt + this.#written++;
    for (const [i, { id }] of moves.entries()) {
      queue.writeBuffer(ids, 0, Uint32Array.of(id));
      queue.writeBuffer(state, 0, Uint32Array.of(position, 1, i + 1, id));
      const encoder = this.#llama.kernels.device.createCommandEncoder();
      encode(encoder, this.#slot(this.#running[i]).steps, 1);
      queue.submit([encoder.finish()]);
    }
    return this.#read(moves.length);
  }

  destroy(): void {
    this.#buffers.destroy();
  }

  #slot(i: number | undefined): Slot {
    return defined(this.#slots[i ?? -1], 'a beam’s cache');
  }

  /** A slot for each beam: its parent's for the first child, and a copy in a free one for the others. */
  #placed(moves: readonly Move[]): number[] {
    const { device } = this.#llama.kernels;
    const parents = moves.map(({ parent }) => defined(this.#running[parent], 'a beam’s parent'));
    const free = this.#slots.map((_, i) => i).filter((i) => !parents.includes(i));
    const encoder = device.createCommandEncoder();
    const [from, to] = [this.#prompt, this.#prompt + this.#written];
    const placed = parents.map((slot, i) => {
      if (parents.indexOf(slot) === i) return slot;
      const other = defined(free.pop(), 'a free cache');
      copyRows(encoder, this.#slot(slot).cache, this.#slot(other).cache, from, to);
      return other;
    });
    device.queue.submit([encoder.finish()]);
    return placed;
  }

  async #read(count: number): Promise<Candidate[][]> {
    const bytes = await read(this.#llama.kernels.device, this.#records, 0, count * RECORD * 4);
    return Array.from({ length: count }, (_, i) => [...readRecord(bytes, i, this.#candidates).top]);
  }
}

interface Asked extends BeamOptions {
  readonly ends: ReadonlySet<number>;
  readonly maxTokens: number;
  /** Ids of the prompt. */
  readonly length: number;
  readonly context: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Searches behind a prompt; undefined where the signal ended it.
 * @param read reads the prompt, and runs these steps behind its last token; false where the signal ended it
 */
export async function searchWithBeams(
  llama: LlamaParts,
  read: (last: readonly Step[]) => Promise<boolean>,
  { length, context, signal, ...options }: Asked,
): Promise<Searched | undefined> {
  // a text that is rotated for another length would have to be read again for each beam
  const { fixed, rereads } = llama.rotary;
  const limit = rereads && length <= fixed ? Math.min(context, fixed) : context;
  const maxTokens = Math.min(options.maxTokens, limit - length);
  if (maxTokens < 1) return undefined;
  const candidates = candidatesOf(options.beams, options.ends.size);
  const beams = await Beams.create(llama, options.beams, { prompt: length, total: length + maxTokens, candidates });
  try {
    if (!(await read(beams.likeliest))) return undefined;
    const expand = async (moves: readonly Move[]) => (signal?.aborted ? undefined : beams.expand(moves));
    return await beamSearch(await beams.begin(), expand, { ...options, maxTokens });
  } finally {
    beams.destroy();
  }
}

/** Copies keys and values of the positions from one to another. */
function copyRows(
  encoder: GPUCommandEncoder,
  from: KeyValueCache,
  to: KeyValueCache,
  start: number,
  end: number,
): void {
  const { heads, rowBytes } = from;
  if (end <= start) return;
  for (const [i, layer] of from.layers.entries()) {
    const other = defined(to.layers[i], 'a cache’s layer');
    for (const part of ['keys', 'values'] as const) {
      for (let head = 0; head < heads; head++) {
        encoder.copyBufferToBuffer(
          layer[part].buffer,
          layer[part].offset + (head * from.context + start) * rowBytes,
          other[part].buffer,
          other[part].offset + (head * to.context + start) * rowBytes,
          (end - start) * rowBytes,
        );
      }
    }
  }
}
