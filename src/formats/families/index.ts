// The families that Pronk runs, by what their files call them.

import type { Architecture, ModelConfig } from '../../core/model-config';
import { PronkError, unsupported } from '../../core/errors';
import { type JsonObject, stringIn } from '../../core/json';
import { defined } from '../../core/defined';
import type { Family } from './family';
import { gemma3 } from './gemma3';
import { internlm2 } from './internlm2';
import { llama } from './llama';
import { ministral3 } from './ministral3';
import { mistral } from './mistral';
import { opt } from './opt';
import { phi3 } from './phi3';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';
import { smollm3 } from './smollm3';

export { BIAS_FLAGS, type BiasFlag, biasedOf, type Family, QKV, type Window, windowed } from './family';

type Gguf = NonNullable<Family['gguf']>;

/** In the order in which lists name them. */
export const FAMILIES: readonly Family[] = [
  llama,
  mistral,
  ministral3,
  qwen2,
  qwen3,
  smollm3,
  phi3,
  gemma3,
  internlm2,
  opt,
];
const TITLES = FAMILIES.map((family) => family.title);

/** Whether a model's files hold q, k and v in one matrix, and gate and up in another. */
export function packsMaps({ architecture }: Pick<ModelConfig, 'architecture'>): boolean {
  return FAMILIES.some((family) => family.architecture === architecture && family.packs === true);
}

/** The family of a configuration. */
export function familyOf(architecture: Architecture): Family {
  return defined(
    FAMILIES.find((family) => family.architecture === architecture),
    'a family',
  );
}

/**
 * The family that a model is written as in a Hugging Face folder. What a publisher's own code computes is LLaMA's with tensors
 * of other names; a window makes it Mistral's. A Ministral whose queries do not grow is a Mistral.
 */
export function familyToWrite({ architecture, slidingWindow, queryScaling }: ModelConfig): Family {
  if (architecture === 'ministral3' && !queryScaling) return mistral;
  const family = familyOf(architecture);
  const own = family.inTransformers ? family : llama;
  return own === llama && slidingWindow !== undefined ? mistral : own;
}

/** How the family's models are written as GGUF: those without an architecture of their own are LLaMA's there. */
export function ggufToWrite(config: ModelConfig): Gguf {
  return familyToWrite(config).gguf ?? defined(llama.gguf, 'the GGUF files of LLaMA');
}

/**
 * Checks that GGUF files can hold a model of the configuration, and so an adapter for one.
 * @throws PronkError `unsupported-format`
 */
export function checkInGguf(config: ModelConfig): void {
  const problem = familyToWrite(config).notInGguf?.(config);
  if (problem !== undefined) throw new PronkError('unsupported-format', `${problem} Write safetensors instead.`);
}

/**
 * The family of a config.json.
 * @throws PronkError `unsupported-architecture` with the list of those that Pronk runs
 */
export function familyOfJson(json: JsonObject, name: string): Family {
  const type = stringIn(json, 'model_type') ?? 'unknown';
  const classes = Array.isArray(json['architectures']) ? json['architectures'].map((each) => String(each)) : [];
  const isClass = ({ className, others = [] }: Family) =>
    classes.some((each) => [className.toLowerCase(), ...others].includes(each.toLowerCase()));
  const family =
    FAMILIES.find(isClass) ?? FAMILIES.find(({ modelType, others = [] }) => [modelType, ...others].includes(type));
  if (!family) throw unsupported(name, `describes a model of architecture ${type}`, TITLES);
  const other = isClass(family) ? undefined : classes.find((each) => /For(?!CausalLM$)/i.test(each));
  if (other !== undefined) throw unsupported(name, `describes a ${other}, which does not write text`, TITLES);
  return family;
}

/**
 * The family of a GGUF file's `general.architecture`.
 * @throws PronkError `unsupported-architecture` with the list of those that Pronk runs
 */
export function familyOfGguf(architecture: unknown, name: string): Family & { readonly gguf: Gguf } {
  const found = FAMILIES.find((family) => family.gguf?.architecture === architecture);
  if (!found?.gguf) throw unsupported(name, `holds a model of architecture ${String(architecture)}`, TITLES);
  return { ...found, gguf: found.gguf };
}
