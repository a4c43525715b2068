// A loaded model that remembers what it has read: prefill of what is new, decode ahead of read-back, rewind after a stop.
import type { ModelConfig } from '../../core/model-config';
import { PronkError } from '../../core/errors';
import { Buffers, read } from '../../gpu/buffers';
import { unlessAborted } from '../../core/cut-off';
import type { Gpu } from '../../gpu/device';
import { type Cost, encode, Kernels, type Step, sumOf } from '../../gpu/kernel';
import { workDone } from '../../gpu/waiting';
import { GREEDY, type Sampling } from '../../ops/sample/sampling';
import { type KernelTarget, tune } from '../../ops/tuning';
import type { WeightTensor } from '../../core/weight-kinds';
import { autotuned, type Choices } from './autotune';
import { createCache } from './kv-cache';
import type { UsedAdapter } from './lora';
import type { LoraSpec, LoraTrainer, Turn } from '../lora-types';
import { buildHead, createActivations, type LlamaParts } from './llama';
import { Rotary, type RotationKey } from './rotary';
import { RunAhead } from './run-ahead';
import type { BeamOptions, Searched } from './beam-search';
import { searchWithBeams } from './beams';
import { drawn, READBACKS_IN_FLIGHT } from './drawn';
import { checkIds, type Guide, type SampleOptions } from './sample-options';
import { RING, Sampler, type Sampled } from './sampler';
import { commonPrefix, LEAST_ROWS, Shelf } from './shelf';
import { Adapted, buildVariant, type Variant } from './variant';
import { keepBytes, type SessionOptions, targetOf } from './session-options';
import { uploadWeights } from '../weights';

/** Uploads a model, compiles its kernels in parallel, and warms them up. @throws the signal's reason */
export async function createSession(
  gpu: Gpu,
  config: ModelConfig,
  tensors: readonly WeightTensor[],
  options: SessionOptions,
): Promise<Session> {
  const target = targetOf(config, tune(gpu.features, gpu.software, options.precision));
  const buffers = new Buffers(gpu.device);
  const { signal } = options;
  try {
    const weights = await uploadWeights(buffers, config, tensors, options.onProgress, options.maxPartBytes, signal);
    options.onUploaded?.();
    // a table of learned positions has no row beyond the last
    const context = config.learnedPositions ? Math.min(options.context, config.contextLength) : options.context;
    const cache = createCache(buffers, config, context, target.cache);
    const activations = createActivations(buffers, config, weights, target);
    const kernels = new Kernels(gpu.device);
    const rotary = new Rotary(buffers, config, context);
    const table: LlamaParts = { kernels, buffers, config, weights, cache, rotary, activations, target };
    const { target: fastest, choices } = await autotuned(gpu, table, options.tuning, signal);
    const llama = { ...table, target: fastest };
    const building = Promise.all([buildVariant(llama, { cache, ids: [], by: '' }, ''), Sampler.create(llama)]);
    const [base, sampler] = await unlessAborted(building, signal).catch((error: unknown) => {
      // what a compiler still makes for nobody is freed when it comes
      void building.catch(() => {}).then(() => buffers.destroy());
      throw error;
    });
    const adapted = new Adapted(gpu, base, options.maxPartBytes ?? Infinity);
    const shelf = new Shelf(gpu.device, keepBytes(config, target, options));
    return new Session(gpu, { base, adapted, sampler, shelf, choices });
  } catch (error) {
    buffers.destroy();
    throw error;
  }
}

interface SessionParts {
  readonly base: Variant;
  readonly adapted: Adapted;
  readonly sampler: Sampler;
  readonly shelf: Shelf;
  readonly choices: Choices;
}

export class Session {
  readonly config: ModelConfig;
  readonly target: KernelTarget;
  readonly context: number;
  /** Kernel shapes that were chosen for this device, by question; empty where it has the fixed table. */
  readonly choices: Choices;
  readonly #gpu: Gpu;
  readonly #base: Variant;
  readonly #adapted: Adapted;
  readonly #baseSampler: Sampler;
  readonly #shelf: Shelf;
  readonly #ahead = new RunAhead(RING / READBACKS_IN_FLIGHT);
  /** The base, or the base with the adapters in use. */
  #variant: Variant;

  constructor(gpu: Gpu, { base, adapted, sampler, shelf, choices }: SessionParts) {
    this.choices = choices;
    this.#gpu = gpu;
    this.#base = base;
    this.#variant = base;
    this.#adapted = adapted;
    this.#baseSampler = sampler;
    this.#shelf = shelf;
    this.config = base.llama.config;
    this.target = base.llama.target;
    this.context = base.llama.cache.context;
  }

  /** Ids that there are with the adapters in use. */
  get vocabSize(): number {
    return this.#variant.llama.config.vocabSize;
  }

  /** Bytes of GPU memory in use by purpose. */
  get memory(): Record<string, number> {
    const total: Record<string, number> = {};
    for (const { memory } of [this.#base.llama.buffers, ...this.#adapted.buffers]) {
      for (const [purpose, bytes] of Object.entries(memory)) total[purpose] = (total[purpose] ?? 0) + bytes;
    }
    if (this.#shelf.bytes > 0) total['conversations'] = this.#shelf.bytes;
    return total;
  }

  /**
   * Puts these adapters on the base from now on; with none, the base is computed alone. Must not be called during a
   * generation.
   * @throws PronkError `out-of-memory`; the base is in use then
   */
  async setAdapters(adapters: readonly UsedAdapter[]): Promise<void> {
    const used = adapters.filter(
      ({ strength, pairs, whole = [] }) => strength !== 0 && (pairs.length > 0 || whole.length > 0),
    );
    this.#variant = this.#base;
    if (used.length > 0) this.#variant = await this.#adapted.with(used);
  }

  /**
   * The least that a batch must do on any device, for benchmarks.
   * @param rows tokens of the batch @param position of its first one @param head also the last token's logits
   */
  cost(forward: 'prefill' | 'decode', rows: number, position: number, head: boolean): Cost {
    const { body, head: logits } = this.#variant[forward];
    return sumOf([...body, ...(head ? logits : [])].map((step) => step.cost(rows, position)));
  }

  /** Number of these ids that a generation would not read again: they are in the cache, or kept beside it. */
  cachedPrefix(ids: readonly number[]): number {
    const there = this.#inCache(ids);
    const reader = this.#reader(this.#variant.name, this.#base.llama.rotary.rotation(ids.length));
    if (reader === undefined) return 0;
    const kept = this.#shelf.known(reader, ids.slice(0, -1));
    return kept - there < LEAST_ROWS ? there : kept;
  }

  /** Number of these ids that the cache holds; the last one is always computed anew, since its logits are wanted. */
  #inCache(ids: readonly number[]): number {
    const { read: known, name } = this.#variant;
    const rotation = this.#base.llama.rotary.rotation(ids.length);
    if (known.by !== name || rotation === undefined || known.rotation !== rotation) return 0;
    return Math.max(0, Math.min(ids.length - 1, commonPrefix(ids, known.ids)));
  }

  /** Names who reads, and with which rotation: only what is of one reader is shared. */
  #reader(name: string, rotation: RotationKey): string | undefined {
    return rotation === undefined ? undefined : `${rotation} ${name}`;
  }

  /**
   * Keeps what of the cache a text does not go on from, and brings back what is known of the text; how many of its rows
   * are in the cache then.
   */
  async #takePlace(ids: readonly number[]): Promise<number> {
    const { read: known, name } = this.#variant;
    const before = ids.slice(0, -1);
    const there = this.#inCache(ids);
    const reader = this.#reader(name, this.#base.llama.rotary.rotation(ids.length));
    const earlier = this.#reader(known.by, known.rotation);
    const shared = reader === earlier ? commonPrefix(known.ids, ids) : 0;
    if (reader !== undefined) this.#shelf.touch(reader, before);
    if (earlier !== undefined && known.ids.length - shared >= LEAST_ROWS) {
      await this.#shelf.put(known.cache, earlier, known.ids);
    }
    // some of it may have made way meanwhile
    if (reader === undefined || this.cachedPrefix(ids) <= there) return there;
    this.#noteRead([]);
    const brought = this.#shelf.bring(known.cache, reader, before, there);
    this.#noteRead(ids.slice(0, brought));
    return brought;
  }

  /**
   * Runs each pipeline once, so that the first token does not wait for the driver. `ids` are read on the way, and what
   * the first prompt shares with them will be found in the cache.
   */
  async warmUp(ids: readonly number[] = [0], signal?: AbortSignal): Promise<void> {
    const few = ids.slice(0, this.context - 2);
    for await (const _ of this.generate(few, GREEDY, 2, signal)) {
      // two tokens pass through both forwards and the sampler
    }
  }

  /** The ids that `sample` draws. */
  async *generate(
    ids: readonly number[],
    sampling: Sampling,
    maxTokens: number,
    signal?: AbortSignal,
    step = 0,
  ): AsyncGenerator<number, void, void> {
    for await (const { id } of this.sample(ids, sampling, maxTokens, { signal, step })) yield id;
  }

  /**
   * Continues `ids`, one id a step, until `maxTokens`, a full context, the guide's end, or the caller's `return`.
   * The caller stops at end-of-text: tokens enqueued beyond it are dropped, and the cache is rewound. The signal ends it
   * while the prompt is still being read.
   * @throws PronkError `context-full` when the prompt itself does not fit; `device-lost`
   */
  async *sample(
    ids: readonly number[],
    sampling: Sampling,
    maxTokens: number,
    { signal, step = 0, adjustments = {}, guide, topLogprobs }: SampleOptions = {},
  ): AsyncGenerator<Sampled, void, void> {
    checkIds(this.#variant.llama.config, this.context, ids, Object.keys(adjustments.logitBias ?? {}).map(Number));
    const wanted = Math.min(maxTokens, this.context - ids.length + 1);
    if (wanted < 1) return;
    // up to where the text has another rotation, and is read again
    const { fixed, rereads } = this.#base.llama.rotary;
    const total = rereads && ids.length <= fixed ? Math.min(wanted, fixed - ids.length + 1) : wanted;
    await this.#sampler.begin({ ids, sampling, adjustments, step, guided: guide !== undefined, topLogprobs });
    if (guide && !(await this.#constrain(guide))) return;
    if (!(await this.#readPrompt(ids, step, signal))) return;
    const history = [...ids];
    const { decode } = this.#variant;
    const forward = [...decode.body, ...decode.head];
    const token = [...forward, ...this.#sampler.steps];
    const draws = {
      enqueue: (count: number) => this.#enqueueTokens(token, count),
      forward: () => this.#submit(forward, 1),
      draw: () => this.#submit(this.#sampler.steps, 1),
      read: (at: number, count: number) => this.#sampler.read(at, count),
      constrain: () => guide === undefined || this.#constrain(guide),
    };
    try {
      for await (const sampled of drawn(draws, this.#ahead, { total, step, guide })) {
        history.push(sampled.id);
        yield sampled;
      }
    } finally {
      // keys and values of everything but the last sampled id are in the cache
      this.#noteRead(history.slice(0, -1));
    }
    if (total < wanted && history.length === ids.length + total && history.length < this.context) {
      const later = { signal, step: step + total, adjustments, guide, topLogprobs };
      yield* this.sample(history, sampling, wanted - total, later);
    }
  }

  /**
   * The text that beam search finds behind `ids`; undefined where the signal ended it.
   * @param ends ids that end a text
   * @throws PronkError as `sample`, and `out-of-memory`
   */
  async searchBeams(
    ids: readonly number[],
    maxTokens: number,
    ends: ReadonlySet<number>,
    { signal, ...options }: BeamOptions & Pick<SampleOptions, 'signal'>,
  ): Promise<Searched | undefined> {
    checkIds(this.config, this.context, ids, []);
    const read = (last: readonly Step[]) => this.#readPrompt(ids, 1, signal, last);
    const asked = { ...options, ends, maxTokens, length: ids.length, context: this.context, signal };
    return searchWithBeams(this.#variant.llama, read, asked);
  }

  /** Logits of every position, [T, V]; leaves the cache as after reading `ids`. */
  async logits(ids: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const { vocabSize: V } = this.#variant.llama.config;
    const { device } = this.#gpu;
    if (ids.length > this.context) {
      throw new PronkError('context-full', `${ids.length} tokens do not fit the context of ${this.context}.`);
    }
    const out = new Float32Array(ids.length * V);
    const scratch = new Buffers(device);
    const { batch, prefill } = this.target;
    try {
      const logits = scratch.storage('activations', Math.min(batch, ids.length) * V * 4, 'logits of all tokens');
      const { llama, prefill: forward } = this.#variant;
      const head = await buildHead({ ...llama, buffers: scratch }, prefill.linear, logits, false);
      await this.#takePlace([]);
      this.#beginPrompt(ids.length);
      for (let start = 0; start < ids.length; start += batch) {
        const chunk = ids.slice(start, start + batch);
        this.#writeBatch(chunk, start, 0);
        this.#submit([...forward.body, ...head], chunk.length);
        out.set(new Float32Array(await read(device, logits, 0, chunk.length * V * 4)), start * V);
      }
    } finally {
      scratch.destroy();
    }
    this.#noteRead([...ids]);
    return out;
  }

  /**
   * A LoRA in training beside this model, whose weights it shares.
   * @param turn asked before each slice of work
   * @throws PronkError `bad-config`, `out-of-memory`
   */
  async createTrainer(spec: LoraSpec, turn: Turn): Promise<LoraTrainer> {
    this.#shelf.clear();
    // only who trains waits for this
    const { createLoraTrainer } = await import('../train/trainer');
    return createLoraTrainer({ gpu: this.#gpu, config: this.config, weights: this.#base.llama.weights }, spec, turn);
  }

  /** Frees the GPU's memory. */
  destroy(): void {
    this.#baseSampler.destroy();
    this.#shelf.clear();
    this.#adapted.destroy();
    this.#base.llama.buffers.destroy();
  }

  get #sampler(): Sampler {
    return this.#variant.sampler ?? this.#baseSampler;
  }

  /** Lets the guide say what holds for the next draw; false where nothing may follow. */
  async #constrain(guide: Guide): Promise<boolean> {
    const next = await guide.next();
    if (next) await this.#sampler.constrain(next);
    return next !== undefined;
  }

  /** Rotates what is read next for a text of this length. */
  #beginPrompt(length: number): void {
    const { rotary } = this.#base.llama;
    rotary.beginPrompt(length);
    this.#variant.read.rotation = rotary.rotation(length);
  }

  /** Notes whose keys and values are in the cache. */
  #noteRead(ids: readonly number[]): void {
    Object.assign(this.#variant.read, { ids, by: this.#variant.name });
  }

  /** Treats the cache as holding these ids, for benchmarks: times do not depend on its contents. */
  assumeRead(ids: readonly number[]): void {
    this.#noteRead(ids);
    this.#variant.read.rotation = this.#base.llama.rotary.rotation(ids.length);
  }

  #writeBatch(ids: readonly number[], position: number, step: number): void {
    const { queue } = this.#gpu.device;
    const { state, ids: buffer } = this.#base.llama.activations;
    queue.writeBuffer(buffer, 0, Uint32Array.from(ids));
    queue.writeBuffer(state, 0, Uint32Array.of(position, ids.length, step, 0));
  }

  /**
   * Reads what is new of the prompt, and samples the first token. Two batches are on their way at a time, so that the
   * signal is heeded within two batches; false when it was.
   */
  async #readPrompt(
    ids: readonly number[],
    step: number,
    signal: AbortSignal | undefined,
    last: readonly Step[] = this.#sampler.steps,
  ): Promise<boolean> {
    const { batch } = this.target;
    const { prefill } = this.#variant;
    const { queue } = this.#gpu.device;
    let before: Promise<unknown> = Promise.resolve();
    const first = await this.#takePlace(ids);
    this.#beginPrompt(ids.length);
    for (let start = first; start < ids.length; start += batch) {
      const chunk = ids.slice(start, start + batch);
      const end = start + chunk.length;
      this.#writeBatch(chunk, start, step);
      this.#submit(end === ids.length ? [...prefill.body, ...prefill.head, ...last] : prefill.body, chunk.length);
      // the last one's logits are the sampler's: its place is read again by whoever comes next
      this.#noteRead(ids.slice(0, end - 1));
      if (end === ids.length) break;
      await before;
      before = workDone(queue);
      if (signal?.aborted) return false;
    }
    return true;
  }

  /** Enqueues `count` decode steps; each samples the id that the next one reads. */
  #enqueueTokens(steps: readonly Step[], count: number): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    for (let i = 0; i < count; i++) encode(encoder, steps, 1);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  #submit(steps: readonly Step[], count: number): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    encode(encoder, steps, count);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }
}
