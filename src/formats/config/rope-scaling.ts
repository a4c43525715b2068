// How a model scales its rotary positions, in config.json. The methods are those of transformers' modeling_rope_utils.

import type { ModelConfig, RopeScaling } from '../../core/model-config';
import { corruptFile, unsupported } from '../../core/errors';
import { type JsonObject, isObject, numberIn, stringIn } from '../../core/json';

/** The part of a config.json that is about rotary positions: `rope_scaling` where it says anything, as in transformers. */
export function ropeIn(json: JsonObject): JsonObject {
  const { rope_scaling: scaling, rope_parameters: parameters } = json;
  if (isObject(scaling) && Object.keys(scaling).length > 0) return scaling;
  return isObject(parameters) ? parameters : {};
}

/** What a method needs to know beside its own parameters. */
interface Scaled {
  readonly contextLength: number;
  /** For methods that tell the original context from the whole one. */
  readonly originalContextLength: number;
  /** config.json's, for messages. */
  readonly name: string;
}

/**
 * @param rope of config.json, as `ropeIn` gives it
 * @throws PronkError `unsupported-architecture` for a method that Pronk does not compute
 */
export function scalingFromJson(rope: JsonObject, scaled: Scaled): RopeScaling | undefined {
  const { contextLength, originalContextLength, name } = scaled;
  const type = stringIn(rope, 'rope_type', 'type') ?? 'default';
  const factor = numberIn(rope, 'factor') ?? 1;
  switch (type) {
    case 'default':
      return undefined;
    case 'linear':
      return factor === 1 ? undefined : { type, factor };
    case 'dynamic':
      return { type, factor };
    case 'llama3':
      return {
        type,
        factor,
        lowFrequencyFactor: numberIn(rope, 'low_freq_factor') ?? 1,
        highFrequencyFactor: numberIn(rope, 'high_freq_factor') ?? 4,
        originalContextLength,
      };
    case 'yarn': {
      const ratio = numberIn(rope, 'factor') ?? contextLength / originalContextLength;
      return {
        type,
        factor: ratio,
        originalContextLength,
        // zero stands for the usual number
        betaFast: numberIn(rope, 'beta_fast') || 32,
        betaSlow: numberIn(rope, 'beta_slow') || 1,
        truncate: rope['truncate'] !== false,
        attentionFactor: numberIn(rope, 'attention_factor') ?? yarnAttention(ratio, rope),
      };
    }
    case 'longrope': {
      const [short, long] = [listIn(rope, 'short_factor', name), listIn(rope, 'long_factor', name)];
      const ratio = numberIn(rope, 'factor') ?? contextLength / originalContextLength;
      const attentionFactor = numberIn(rope, 'attention_factor') ?? longropeAttention(ratio, originalContextLength);
      // one list for every length, and attention as it is
      if (attentionFactor === 1 && String(short) === String(long)) return { type: 'divisors', divisors: short };
      return { type, short, long, originalContextLength, attentionFactor };
    }
  }
  const known = 'linear, dynamic, llama3, yarn and longrope are known';
  throw unsupported(name, `scales its rotary positions by the method ${type} (${known})`);
}

/** What YaRN multiplies attention's logarithm by for a factor: 0.1 · mscale · ln(factor) + 1. */
export function yarnMagnitude(factor: number, mscale = 1): number {
  return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
}

function yarnAttention(factor: number, rope: JsonObject): number {
  const [mscale, all] = [numberIn(rope, 'mscale'), numberIn(rope, 'mscale_all_dim')];
  return mscale && all ? yarnMagnitude(factor, mscale) / yarnMagnitude(factor, all) : yarnMagnitude(factor);
}

function longropeAttention(factor: number, originalContextLength: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
}

function listIn(rope: JsonObject, key: string, name: string): number[] {
  const list: unknown = rope[key];
  if (Array.isArray(list) && list.every((each): each is number => typeof each === 'number')) return list;
  throw corruptFile(name, `its ${key} is not a list of numbers`);
}

/** What config.json says of a model's scaling; null for none. */
export function scalingJson({ ropeScaling: scaling, queryScaling, contextLength }: ModelConfig): object | null {
  const grows = queryScaling && { llama_4_scaling_beta: queryScaling.beta };
  switch (scaling?.type) {
    case undefined:
      return grows
        ? { rope_type: 'default', original_max_position_embeddings: queryScaling.originalContextLength, ...grows }
        : null;
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling.type, factor: scaling.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalContextLength,
      };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalContextLength,
        attention_factor: scaling.attentionFactor,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        ...(!scaling.truncate && { truncate: false }),
        ...grows,
      };
    case 'divisors': {
      // its one list for short texts and for long ones says the same at every length
      const { divisors } = scaling;
      return {
        rope_type: 'longrope',
        factor: 1,
        attention_factor: 1,
        short_factor: divisors,
        long_factor: divisors,
        original_max_position_embeddings: contextLength,
      };
    }
    case 'longrope': {
      const { short, long, originalContextLength, attentionFactor } = scaling;
      const factor = contextLength / originalContextLength;
      const usual = attentionFactor === longropeAttention(factor, originalContextLength);
      return {
        // three keys, the only ones that Phi-3 has in transformers 4; the original context stands beside them
        type: 'longrope',
        ...(!usual && { attention_factor: attentionFactor }),
        short_factor: short,
        long_factor: long,
      };
    }
  }
}
