// What a config asks of the model: which maps are trained, and PEFT's description of the adapter that comes out.
import { linearMapsOf, type LoraConfig } from '../core/adapter';
import { PronkError } from '../core/errors';
import type { ModelConfig } from '../core/model-config';
import type { LoraSpec } from '../model/lora-types';
import type { TrainingConfig } from './config';

/** alpha / r, or alpha / √r (rsLoRA) */
function loraScale({ r, lora_alpha, use_rslora }: Pick<TrainingConfig, 'r' | 'lora_alpha' | 'use_rslora'>): number {
  return lora_alpha / (use_rslora ? Math.sqrt(r) : r);
}

/**
 * The trainer's specification.
 * @param model whose maps are trained; those of `target_modules` that it has not are left out, as PEFT does
 * @param tokens most of a micro-batch
 * @throws PronkError `bad-config` for layers that the model has not
 */
export function loraSpec(
  config: TrainingConfig,
  model: Pick<ModelConfig, 'numLayers' | 'feedForward'>,
  tokens: number,
): LoraSpec {
  const { numLayers: layers } = model;
  const { layers_to_transform, target_modules, gradient_checkpointing } = config;
  const maps = target_modules.filter((map) => linearMapsOf(model).includes(map));
  const wanted = layers_to_transform ?? Array.from({ length: layers }, (_, layer) => layer);
  const beyond = wanted.find((layer) => layer >= layers);
  if (beyond !== undefined) {
    const message = `layers_to_transform has ${beyond}, and the model's layers are 0 to ${layers - 1}.`;
    throw new PronkError('bad-config', message, { field: 'layers_to_transform' });
  }
  return {
    targets: wanted.flatMap((layer) => maps.map((map) => ({ layer, map }))),
    rank: config.r,
    scale: loraScale(config),
    dropout: config.lora_dropout,
    ...(config.use_dora && { dora: true }),
    seed: config.seed,
    checkpointing: Number(gradient_checkpointing),
    tokens,
  };
}

/** What PEFT's `adapter_config.json` says of it. @param base name of the model */
export function peftConfig(config: TrainingConfig, base: string): LoraConfig {
  const { r, lora_alpha, lora_dropout, target_modules, use_rslora, use_dora, layers_to_transform } = config;
  return {
    r,
    lora_alpha,
    lora_dropout,
    target_modules,
    use_rslora,
    ...(use_dora && { use_dora }),
    ...(layers_to_transform && { layers_to_transform }),
    base_model_name_or_path: base,
  };
}
