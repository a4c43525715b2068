// The sampler on the GPU: its buffers, its settings, and the ids that come back.
import { PronkError } from '../../core/errors';
import type { Step } from '../../gpu/kernel';
import { waited } from '../../gpu/waiting';
import { adjust, adjustParams } from '../../ops/sample/adjust';
import { type Logprobs, logprobs, readRecord, RECORD } from '../../ops/sample/logprobs';
import { sample, sampleParams } from '../../ops/sample/sample';
import { type Adjustments, adjusts, GREEDY, MOST_LOGPROBS, type Sampling } from '../../ops/sample/sampling';
import { sampleChunks } from '../../ops/sample/sample-chunks';
import { chunksOf, inChunks, sortChunks } from '../../ops/sample/sort-chunks';
import type { LlamaParts } from './llama';

/** Sampled ids stay on the GPU in a ring of this many, so that this many may be enqueued ahead. */
export const RING = 64;

/** An id that was drawn. */
export interface Sampled {
  readonly id: number;
  /** Where they are asked for. */
  readonly logprobs?: Logprobs;
}

/** Constraints on the next id. */
export interface NextIds {
  /** One bit an id; all of them without it. */
  readonly allowed?: Uint32Array<ArrayBuffer> | undefined;
  /** Added to logits. */
  readonly biases?: ReadonlyMap<number, number> | undefined;
}

/** The ids and settings that a generation begins with. */
export interface Beginning {
  /** Ids before it. */
  readonly ids: readonly number[];
  readonly sampling: Sampling;
  readonly adjustments: Adjustments;
  /** Number of ids at the end that were sampled before. */
  readonly step: number;
  /** `constrain` will be called before each draw. */
  readonly guided: boolean;
  /** Likeliest ids to tell of, 0 to 20; undefined: no logarithms at all. */
  readonly topLogprobs: number | undefined;
}

/** The dispatches of one draw. */
interface Draw {
  readonly steps: readonly Step[];
  readonly topLogprobs: number | undefined;
}

type Buffers = ReturnType<typeof createBuffers>;
type More = Awaited<ReturnType<typeof buildMore>>;

export class Sampler {
  readonly #llama: LlamaParts;
  readonly #buffers: Buffers;
  readonly #plain: readonly Step[];
  readonly #staging: GPUBuffer[] = [];
  /** Buffers and kernels that most requests do without. */
  #more: Promise<More> | undefined;
  #draw: Draw;
  /** Biases of the request, and those for the next id that stand in the buffer. */
  #bias: Readonly<Record<number, number>> = {};
  #biased: readonly number[] = [];

  /** Compiles the kernels. The buffers are the model's, and end with it. */
  static async create(llama: LlamaParts): Promise<Sampler> {
    const buffers = createBuffers(llama);
    return new Sampler(llama, buffers, await buildDraw(llama, buffers, llama.activations.logits));
  }

  private constructor(llama: LlamaParts, buffers: Buffers, plain: readonly Step[]) {
    this.#llama = llama;
    this.#buffers = buffers;
    this.#plain = plain;
    this.#draw = { steps: plain, topLogprobs: undefined };
  }

  /** Read the logits, write the next id where the next token's forward pass finds it. */
  get steps(): readonly Step[] {
    return this.#draw.steps;
  }

  /** Begins a generation. What it needs beyond the draw itself is compiled when it is first asked for. */
  async begin({ ids, sampling, adjustments, step, guided, topLogprobs }: Beginning): Promise<void> {
    const { queue } = this.#llama.kernels.device;
    const { vocabSize } = this.#llama.config;
    const adjusted = guided || adjusts(adjustments);
    const more =
      adjusted || topLogprobs !== undefined ? await (this.#more ??= buildMore(this.#llama, this.#buffers)) : undefined;
    queue.writeBuffer(this.#buffers.seen, 0, bitsOf(ids, vocabSize));
    // the logits that are adjusted have the penalty already
    const drawn = adjusted ? { ...sampling, repetitionPenalty: 1 } : sampling;
    queue.writeBuffer(this.#buffers.params, 0, sample.pack(paramsOf(this.#llama, drawn)));
    this.#draw = { steps: this.#plain, topLogprobs };
    if (!more) return;
    if (adjusted) {
      const counts = new Uint32Array(vocabSize);
      for (const id of ids.slice(ids.length - step)) counts[id]++;
      const { logitBias = {} } = adjustments;
      const bias = new Float32Array(vocabSize);
      for (const [id, value] of Object.entries(logitBias)) bias[Number(id)] = value;
      [this.#bias, this.#biased] = [logitBias, []];
      queue.writeBuffer(more.counts, 0, counts);
      queue.writeBuffer(more.bias, 0, bias);
      queue.writeBuffer(more.allowed, 0, new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff));
      queue.writeBuffer(
        more.adjustParams,
        0,
        adjust.pack(adjustParams(vocabSize, sampling.repetitionPenalty, adjustments, step)),
      );
    }
    if (topLogprobs !== undefined) {
      queue.writeBuffer(
        more.logprobsParams,
        0,
        logprobs.pack({ vocabulary: vocabSize, top: topLogprobs, outputs: RING }),
      );
    }
    const steps = [
      ...(adjusted ? [more.adjust, ...more.drawAdjusted] : this.#plain),
      ...(topLogprobs === undefined ? [] : [more.logprobs]),
    ];
    this.#draw = { steps, topLogprobs };
  }

  /** Sets the constraints on the next draw that is enqueued, in place of earlier ones; the generation is guided. */
  async constrain({ allowed, biases = new Map() }: NextIds): Promise<void> {
    const { queue } = this.#llama.kernels.device;
    const more = await this.#more;
    if (!more) return;
    if (allowed) queue.writeBuffer(more.allowed, 0, allowed);
    const write = (id: number, value: number) => queue.writeBuffer(more.bias, 4 * id, Float32Array.of(value));
    for (const id of this.#biased) if (!biases.has(id)) write(id, this.#bias[id] ?? 0);
    for (const [id, value] of biases) write(id, value + (this.#bias[id] ?? 0));
    this.#biased = [...biases.keys()];
  }

  /**
   * Results of `count` steps from `step` on, out of the ring: at most as many as it holds, read before they are
   * overwritten.
   * @throws PronkError `device-lost`
   */
  async read(step: number, count: number): Promise<Sampled[]> {
    const { topLogprobs } = this.#draw;
    const more = await (topLogprobs === undefined ? undefined : this.#more);
    const { device } = this.#llama.kernels;
    const staging =
      this.#staging.pop() ??
      device.createBuffer({
        size: RING * 4 * (1 + RECORD),
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        label: 'sampled ids',
      });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffers.outputs, 0, staging, 0, RING * 4);
    if (more) encoder.copyBufferToBuffer(more.records, 0, staging, RING * 4, RING * 4 * RECORD);
    device.queue.submit([encoder.finish()]);
    const size = RING * 4 * (more ? 1 + RECORD : 1);
    try {
      await waited(device.queue, staging.mapAsync(GPUMapMode.READ, 0, size));
    } catch (cause) {
      const lost =
        'The graphics device was lost while generating. What was written so far is kept; send again to go on.';
      throw new PronkError('device-lost', lost, { cause });
    }
    const ring = new Uint32Array(staging.getMappedRange(0, size).slice(0));
    staging.unmap();
    this.#staging.push(staging);
    const records = ring.buffer.slice(RING * 4);
    return Array.from({ length: count }, (_, i) => {
      const slot = (step + i) % RING;
      const id = ring[slot];
      return topLogprobs === undefined ? { id } : { id, logprobs: readRecord(records, slot, topLogprobs) };
    });
  }

  /** Frees what is not the model's. */
  destroy(): void {
    for (const buffer of this.#staging.splice(0)) buffer.destroy();
  }
}

/** A bit an id. */
function bitsOf(ids: readonly number[], vocabulary: number): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(Math.ceil(vocabulary / 32));
  for (const id of ids) bits[id >> 5] |= 1 << (id & 31);
  return bits;
}

const paramsOf = ({ config: { vocabSize }, target }: LlamaParts, sampling: Sampling) =>
  sampleParams(vocabSize, sampling, RING, chunksOf(vocabSize, target)?.chunk);

function createBuffers(llama: LlamaParts) {
  const { buffers, target } = llama;
  const { vocabSize } = llama.config;
  const make = (numbers: number, label: string) => buffers.storage('sampler', numbers * 4, label);
  const chunks = chunksOf(vocabSize, target);
  return {
    params: buffers.from('uniforms', sample.pack(paramsOf(llama, GREEDY)), 'sampling'),
    /** Bit per id. */
    seen: make(Math.ceil(vocabSize / 32), 'seen'),
    outputs: make(RING, 'outputs'),
    scratch: chunks
      ? {
          chunks,
          sorted: make(inChunks(vocabSize, chunks), 'sorted chunks'),
          masses: make(inChunks(vocabSize, chunks), 'masses of sorted chunks'),
        }
      : { probabilities: make(vocabSize, 'probabilities') },
  };
}

/** The dispatches that draw from these logits: one, or two where the vocabulary is large. */
async function buildDraw(llama: LlamaParts, given: Buffers, logits: GPUBuffer): Promise<Step[]> {
  const { state, ids } = llama.activations;
  const { params: uniforms, seen, outputs, scratch } = given;
  const params = paramsOf(llama, GREEDY);
  const drawing = { state, ids, seen, outputs, logits };
  if (scratch.probabilities) {
    const { threads } = llama.target.sampler;
    const bindings = { ...drawing, probabilities: scratch.probabilities };
    return [await sample.step(llama, { threads }, bindings, params, uniforms)];
  }
  const { chunks, sorted, masses } = scratch;
  return Promise.all([
    sortChunks.step(llama, chunks, { seen, logits, sorted, masses }, params, uniforms),
    sampleChunks.step(llama, chunks, { ...drawing, sorted, masses }, params, uniforms),
  ]);
}

/** Penalties by count, biases, forms and logarithms: their kernels and buffers. */
async function buildMore(llama: LlamaParts, given: Buffers) {
  const { buffers, target, activations } = llama;
  const { vocabSize: V } = llama.config;
  const { state, logits } = activations;
  const { seen } = given;
  const { threads } = target.sampler;
  const make = (numbers: number, label: string) => buffers.storage('sampler', numbers * 4, label);
  const counts = make(V, 'counts');
  const bias = make(V, 'bias');
  const allowed = make(Math.ceil(V / 32), 'allowed');
  const adjusted = make(V, 'adjusted');
  const records = make(RING * RECORD, 'logprobs');
  const forAdjust = adjustParams(V, 1, {}, 0);
  const forLogprobs = { vocabulary: V, top: MOST_LOGPROBS, outputs: RING };
  const adjustUniforms = buffers.from('uniforms', adjust.pack(forAdjust), 'adjusting');
  const logprobsUniforms = buffers.from('uniforms', logprobs.pack(forLogprobs), 'logprobs');
  const [adjusting, drawAdjusted, scoring] = await Promise.all([
    adjust.step(llama, {}, { state, logits, seen, bias, allowed, counts, adjusted }, forAdjust, adjustUniforms),
    buildDraw(llama, given, adjusted),
    logprobs.step(llama, { threads }, { state, logits, records }, forLogprobs, logprobsUniforms),
  ]);
  return {
    counts,
    bias,
    allowed,
    records,
    adjustParams: adjustUniforms,
    logprobsParams: logprobsUniforms,
    adjust: adjusting,
    drawAdjusted,
    logprobs: scoring,
  };
}
