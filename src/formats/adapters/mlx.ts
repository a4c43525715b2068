// mlx-lm's adapters: adapters.safetensors with lora_a [inputs, r] and lora_b [r, outputs], which is PEFT transposed, and
// adapter_config.json with one rank and one scale (alpha / r) for all. Rows of q and k are in Hugging Face's order.

import type { ModelConfig } from '../../core/model-config';
import { dequantizeElements } from '../../quant/elements';
import type { Adapter, LoraPair } from '../../core/adapter';
import { type DirectoryEntry, fromDirectory } from '../checkpoint/directory';
import { corruptFile } from '../../core/errors';
import type { JsonFile } from '../checkpoint/files';
import { isObject, numberIn } from '../../core/json';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors';
import { baseName, type Source } from '../../core/source';
import { configOf, mostCommon, placed } from './config';
import { emptyAdapter, missingHalf, unsupportedAdapter } from './failures';
import { checkedPlace, checkShape, type Floats, inOrder, interleavedB, transposed } from './modules';
import { unpackedEntries, untangled, writtenPairs } from './packed';
import { type AdapterFile, f32Tensor } from './peft';

/** Whether an adapter_config.json is mlx-lm's. */
export function isMlx({ json }: JsonFile): boolean {
  return !('peft_type' in json) && isObject(json['lora_parameters']);
}

/**
 * Reads an mlx-lm adapter for a base.
 * @throws PronkError `adapter-empty`, `adapter-mismatch`, `unsupported-adapter`, `missing-tensor`, `corrupt-file`
 */
export async function readMlx(json: JsonFile, weights: Source, config: ModelConfig, name: string): Promise<Adapter> {
  const file = baseName(weights.name);
  const type = json.json['fine_tune_type'] ?? 'lora';
  if (type !== 'lora') throw unsupportedAdapter(baseName(json.name), `is of the kind ${String(type)}`);
  const parameters = json.json['lora_parameters'];
  const scale = isObject(parameters) ? numberIn(parameters, 'scale') : undefined;
  if (scale === undefined || !Number.isFinite(scale)) throw corruptFile(baseName(json.name), 'it has no scale');
  const entries = unpackedEntries([...(await readSafetensors(weights)).tensors.values()], config, file);
  const tensors = new Map(entries.map((entry) => [entry.name, entry]));
  if (tensors.size === 0) throw emptyAdapter(file);
  const pairs: LoraPair[] = [];
  for (const entry of tensors.values()) {
    const [, module, half] = /^(.+)\.lora_(a|b)$/.exec(entry.name) ?? [];
    if (module === undefined) throw unsupportedAdapter(file, `holds ${entry.name}, which is not half of a LoRA pair`);
    const other = tensors.get(`${module}.lora_${half === 'a' ? 'b' : 'a'}`);
    if (!other) throw missingHalf(file, `${module}.lora_${half === 'a' ? 'b' : 'a'}`);
    if (half === 'a') pairs.push({ ...(await readPair(module, entry, other, config, file)), scale });
  }
  const apart = inOrder(untangled(pairs, config));
  const dropout = isObject(parameters) ? numberIn(parameters, 'dropout') : undefined;
  const told = { ...(dropout !== undefined && { lora_dropout: dropout }), base_model_name_or_path: '' };
  return { name, config: configOf(placed(apart), told, config.numLayers), pairs: apart };
}

async function readPair(
  module: string,
  a: DirectoryEntry,
  b: DirectoryEntry,
  config: ModelConfig,
  file: string,
): Promise<Omit<LoraPair, 'scale'>> {
  const place = checkedPlace(module, config, { file, tensor: a.name });
  const [inputs = 0, rank = 0] = a.shape;
  const [rows = 0, outputs = 0] = b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || rows !== rank || rank < 1)
    throw corruptFile(file, `${a.name} and ${b.name} are not a pair`);
  checkShape({ ...place, rank, inputs, outputs }, config, { file, tensor: a.name });
  const columns = transposed(await floatsOf(b), rank, outputs);
  return {
    ...place,
    rank,
    inputs,
    outputs,
    a: transposed(await floatsOf(a), inputs, rank),
    b: interleavedB(place, columns, rank, config),
  };
}

async function floatsOf(entry: DirectoryEntry): Promise<Floats> {
  const tensor = fromDirectory(entry);
  return dequantizeElements(tensor.type, await tensor.readRows(0, tensor.rows));
}

/** adapter_config.json and adapters.safetensors, as `mlx_lm.generate --adapter-path` reads them. */
export function writeMlx(adapter: Adapter, config: ModelConfig): AdapterFile[] {
  const pairs = writtenPairs(inOrder(adapter.pairs), config);
  const rank = pairs.reduce((most, pair) => Math.max(most, pair.rank), 1);
  const scale = mostCommon(pairs.map((pair) => pair.scale)) ?? 1;
  const tensors = pairs.flatMap((pair) => {
    const { inputs, outputs } = pair;
    // rows of zeros where the rank is less than the one that all have
    const [a, b] = [new Float32Array(inputs * rank), new Float32Array(rank * outputs)];
    const factor = pair.scale / scale;
    const columns = transposed(pair.b, outputs, pair.rank);
    b.set(factor === 1 ? columns : columns.map((each) => each * factor));
    const padded = new Float32Array(rank * inputs);
    padded.set(pair.a);
    a.set(transposed(padded, rank, inputs));
    const name = pair.module;
    return [f32Tensor(`${name}.lora_a`, [inputs, rank], a), f32Tensor(`${name}.lora_b`, [rank, outputs], b)];
  });
  const first = Math.min(...pairs.filter(({ layer }) => layer >= 0).map(({ layer }) => layer), config.numLayers);
  const keys = [...new Set(pairs.map(({ module }) => module.replace(/^model\.layers\.\d+\./, '')))];
  const json = {
    fine_tune_type: 'lora',
    // counted from the last
    num_layers: config.numLayers - first,
    lora_parameters: { rank, scale, dropout: adapter.config.lora_dropout, keys },
  };
  return [
    { name: 'adapter_config.json', pieces: [new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)] },
    { name: 'adapters.safetensors', pieces: writeSafetensors(tensors) },
  ];
}
