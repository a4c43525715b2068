// What a configuration says of how a folder's weights were quantized: by which method, in words, and whether Pronk reads it.

import { PronkError } from '../../core/errors';
import { isObject, type JsonObject, numberIn, stringIn } from '../../core/json';
import type { ModelFiles } from '../checkpoint/files';
import { bitsandbytesTitle } from './bitsandbytes';

/** A method with its settings. */
export interface Method {
  /** `gptq`, `bitsandbytes`, … as configurations spell it; `mlx` for MLX's. */
  readonly name: string;
  /** `GPTQ, 4 bits, groups of 128` */
  readonly title: string;
  readonly settings: JsonObject;
  /** The float type that the model computes with, as the configuration spells it. */
  readonly float: unknown;
}

/** Methods whose tensors are read. */
const READ = new Set([
  'bitsandbytes',
  'gptq',
  'awq',
  'mlx',
  'metal',
  'fp8',
  'fbgemm_fp8',
  'compressed-tensors',
  'modelopt',
]);

/** What people call methods. */
const TITLES: Readonly<Record<string, string>> = {
  gptq: 'GPTQ',
  awq: 'AWQ',
  mlx: 'MLX',
  metal: 'Metal',
  fp8: 'FP8',
  fbgemm_fp8: 'FBGEMM FP8',
  'compressed-tensors': 'compressed-tensors',
  modelopt: 'ModelOpt',
  hqq: 'HQQ',
  eetq: 'EETQ',
  quanto: 'Quanto',
  torchao: 'torchao',
  aqlm: 'AQLM',
  vptq: 'VPTQ',
  higgs: 'HIGGS',
  spqr: 'SpQR',
  bitnet: 'BitNet',
  mxfp4: 'MXFP4',
  nvfp4: 'NVFP4',
  fp_quant: 'FP-Quant',
  sinq: 'SINQ',
  quark: 'Quark',
  'auto-round': 'AutoRound',
  'intel/auto-round': 'AutoRound',
};

/** The method of a folder; undefined where its configuration names none. */
export function methodOf(files: ModelFiles): Method | undefined {
  const json = files.config?.json ?? {};
  const own = json['quantization_config'];
  const mlx = json['quantization'];
  const float = stringIn(json, 'torch_dtype', 'dtype');
  // mlx-lm writes its settings under both keys, and no method
  if (isObject(mlx) || (isObject(own) && own['quant_method'] === undefined && 'group_size' in own && 'bits' in own)) {
    const settings = isObject(mlx) ? mlx : (own as JsonObject);
    return method('mlx', settings, float);
  }
  if (isObject(own)) return method(stringIn(own, 'quant_method') ?? nameFrom(own), own, float);
  const apart = files.quantizeConfig?.json;
  if (!apart) return undefined;
  return method(stringIn(apart, 'quant_method') ?? ('w_bit' in apart ? 'awq' : 'gptq'), apart, float);
}

/** Early bitsandbytes named no method. */
function nameFrom(settings: JsonObject): string {
  return 'load_in_4bit' in settings || 'load_in_8bit' in settings ? 'bitsandbytes' : 'unknown';
}

function method(name: string, settings: JsonObject, float: unknown): Method {
  return { name, settings, float, title: titleOf(name, settings) };
}

function titleOf(name: string, settings: JsonObject): string {
  if (name === 'bitsandbytes') return bitsandbytesTitle(settings);
  const weights = compressedWeights(settings);
  const bits = numberIn(settings, 'bits', 'w_bit', 'nbits') ?? (weights && numberIn(weights, 'num_bits'));
  const group = groupOf(settings) ?? (weights && groupOf(weights));
  const blocks = settings['weight_block_size'];
  return [
    TITLES[name] ?? name,
    // the name says it
    ...(bits === undefined || /fp[48]$/i.test(name) ? [] : [`${bits} bits`]),
    ...(weights?.['type'] === 'float' ? ['floats'] : []),
    ...(group === undefined ? [] : [`groups of ${group}`]),
    ...(Array.isArray(blocks) ? [`blocks of ${blocks.join(' × ')}`] : []),
    ...(settings['desc_act'] === true ? ['in the order of activations'] : []),
  ].join(', ');
}

/** Columns of a group; undefined for one group a row. */
export function groupOf(settings: JsonObject): number | undefined {
  const group = numberIn(settings, 'group_size', 'q_group_size');
  return group !== undefined && Number.isInteger(group) && group > 0 ? group : undefined;
}

/** What compressed-tensors says of the weights of its first group of modules. */
export function compressedWeights(settings: JsonObject): JsonObject | undefined {
  const groups = isObject(settings['config_groups']) ? Object.values(settings['config_groups']) : [];
  const weights = groups.filter(isObject).map((group) => group['weights']);
  return weights.find(isObject);
}

/** Why a method with these settings is not read, as a clause; undefined where it is. */
export function refusalOf({ name, settings }: Method): string | undefined {
  if (!READ.has(name)) return 'which Pronk does not read';
  const bits = numberIn(settings, 'bits', 'w_bit');
  const version = stringIn(settings, 'version', 'checkpoint_format', 'format')?.toLowerCase();
  if (name === 'gptq' && bits !== undefined && ![2, 3, 4, 8].includes(bits))
    return 'and Pronk reads 2, 3, 4 and 8 bits';
  if (name === 'gptq' && /marlin|bitblas/.test(version ?? '')) return `whose format ${version} Pronk does not read`;
  if (name === 'awq' && bits !== undefined && bits !== 4) return 'and Pronk reads 4 bits';
  if (name === 'awq' && version !== undefined && version !== 'gemm')
    return `whose version ${version} Pronk does not read`;
  if (name === 'mlx' && (stringIn(settings, 'mode') ?? 'affine') !== 'affine') {
    return `whose mode ${stringIn(settings, 'mode')} Pronk does not read`;
  }
  if (name === 'compressed-tensors' && /marlin|nvfp4|mxfp4/.test(version ?? '')) {
    return `whose format ${version} Pronk does not read`;
  }
  const sparsity = settings['sparsity_config'];
  const sparse = isObject(sparsity) ? (stringIn(sparsity, 'format') ?? 'dense') : 'dense';
  if (sparse !== 'dense') return `whose sparse format ${sparse} Pronk does not read`;
  return undefined;
}

/** PronkError `unsupported-tensor-type`, with what to do. */
export function notRead(file: string, what: string, why: string): PronkError {
  const message = `${file} holds weights that were quantized by ${what}, ${why}.`;
  return new PronkError('unsupported-tensor-type', `${message} Take the original model, or a GGUF file of it.`);
}
