// A model as it is, or with adapters: its dispatches, and what of a conversation its cache holds. Base and adapters have a
// cache each, so that asking one and then the other does not read the conversation anew.
import { configWith } from '../../core/adapter';
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { createCache, type KeyValueCache } from './kv-cache';
import { adaptedActivations, buildForward, type Forward, type LlamaParts } from './llama';
import { Lora, loraShape, type UsedAdapter, wholeOf } from './lora';
import type { RotationKey } from './rotary';
import { Sampler } from './sampler';
import { withWhole } from './whole';

/** A cache with the ids whose keys and values are in it, and whose these are. */
export interface ReadSoFar {
  readonly cache: KeyValueCache;
  ids: readonly number[];
  /** The variant's `name` that read them. */
  by: string;
  /** How they were rotated: only a prompt of the same rotation begins with them. */
  rotation?: RotationKey;
}

export interface Variant {
  /** Tells adapters and strengths apart; the base's is empty. */
  readonly name: string;
  readonly llama: LlamaParts;
  readonly prefill: Forward;
  readonly decode: Forward;
  readonly read: ReadSoFar;
  /** Its own where it has other tokens than the base. */
  readonly sampler?: Sampler | undefined;
}

/** Builds the dispatches of a prompt and of a token. */
export async function buildVariant(llama: LlamaParts, read: ReadSoFar, name: string): Promise<Variant> {
  const { target, rotary } = llama;
  const [forPrompt, forToken] = await Promise.all([
    buildForward(llama, target.prefill, rotary.prompt),
    buildForward(llama, target.decode, rotary.token),
  ]);
  return { name, llama, prefill: forPrompt, decode: forToken, read };
}

interface Built {
  readonly shape: string;
  readonly lora: Lora;
  readonly buffers: Buffers;
  readonly variant: Variant;
}

/** Numbers that tell an adapter's values apart as long as they are in memory. */
class Numbered {
  readonly #numbers = new WeakMap<object, number>();
  #next = 1;

  of(pairs: readonly object[]): string {
    const numbers = pairs.map((pair) => {
      const number = this.#numbers.get(pair) ?? this.#next++;
      this.#numbers.set(pair, number);
      return number;
    });
    return numbers.join('.');
  }
}

/** The one adapted variant that is kept beside the base, with its buffers. */
export class Adapted {
  readonly #gpu: Gpu;
  readonly #base: Variant;
  readonly #maxPartBytes: number;
  readonly #cacheBuffers: Buffers;
  readonly #values = new Numbered();
  #read: Promise<ReadSoFar> | undefined;
  #built: Built | undefined;

  constructor(gpu: Gpu, base: Variant, maxPartBytes: number) {
    this.#gpu = gpu;
    this.#base = base;
    this.#maxPartBytes = maxPartBytes;
    this.#cacheBuffers = new Buffers(gpu.device);
  }

  /** What is allocated beside the base. */
  get buffers(): readonly Buffers[] {
    return [this.#cacheBuffers, ...(this.#built ? [this.#built.buffers] : [])];
  }

  /**
   * The variant with these adapters. Other strengths, and adapters of the same shape, are written where the last ones were.
   * @throws PronkError `out-of-memory`
   */
  async with(adapters: readonly UsedAdapter[]): Promise<Variant> {
    const shape = loraShape(adapters);
    const built = this.#built?.shape === shape ? this.#built : await this.#build(shape, adapters);
    await built.lora.write(adapters);
    // values may be others under an old key
    const name = JSON.stringify(
      adapters.map(({ pairs, whole = [], strength }) => [this.#values.of([...pairs, ...whole]), strength]),
    );
    return { ...built.variant, name };
  }

  /** Frees what adapters take; the base stays. */
  destroy(): void {
    this.#clear();
    this.#cacheBuffers.destroy();
  }

  #clear(): void {
    this.#built?.variant.sampler?.destroy();
    this.#built?.buffers.destroy();
    this.#built = undefined;
  }

  async #build(shape: string, adapters: readonly UsedAdapter[]): Promise<Built> {
    this.#clear();
    const read = await (this.#read ??= this.#allocateCache());
    const buffers = new Buffers(this.#gpu.device);
    try {
      const { target, activations, kernels, config: baseConfig, weights: own } = this.#base.llama;
      const whole = wholeOf(adapters);
      const config = configWith(baseConfig, whole);
      const weights = await withWhole(buffers, own, whole, this.#maxPartBytes, baseConfig);
      const lora = new Lora({ kernels, buffers, target }, config, weights, adapters, this.#maxPartBytes);
      const resized = config.vocabSize !== baseConfig.vocabSize;
      const llama: LlamaParts = {
        ...this.#base.llama,
        buffers,
        config,
        weights,
        cache: read.cache,
        lora,
        activations: adaptedActivations(buffers, config, lora, target, activations, resized),
      };
      const variant = await buildVariant(llama, read, '');
      const sampler = resized ? await Sampler.create(llama) : undefined;
      const built = { shape, lora, buffers, variant: { ...variant, sampler } };
      this.#built = built;
      return built;
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** A second cache; where there is no room for it, the base's. */
  async #allocateCache(): Promise<ReadSoFar> {
    const { device } = this.#gpu;
    const { config, cache, target } = this.#base.llama;
    device.pushErrorScope('out-of-memory');
    const own = createCache(this.#cacheBuffers, config, cache.context, target.cache);
    const failure = await device.popErrorScope();
    if (!failure) return { cache: own, ids: [], by: '' };
    this.#cacheBuffers.destroy();
    return this.#base.read;
  }
}
