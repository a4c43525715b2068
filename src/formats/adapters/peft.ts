// PEFT's folders: adapter_config.json beside adapter_model.safetensors or adapter_model.bin. A tensor is called
// base_model.model.<module>.lora_A.weight (A: [r, inputs]) or .lora_B.weight (B: [outputs, r]); adapters that were saved as
// they are in memory have the adapter's name (`default`) before `.weight`.

import type { ModelConfig } from '../../core/model-config';
import { dequantizeElements } from '../../quant/elements';
import type { WeightTensor } from '../../core/weight-kinds';
import type { Adapter, LoraConfig, LoraPair } from '../../core/adapter';
import { type DirectoryEntry, fromDirectory } from '../checkpoint/directory';
import { corruptFile } from '../../core/errors';
import type { JsonFile } from '../checkpoint/files';
import { plainName } from '../checkpoint/tensor-names';
import { readSafetensors, type SafetensorsInput, writeSafetensors } from '../safetensors/safetensors';
import { baseName, type Source } from '../../core/source';
import { readTorch } from '../torch/torch';
import { configOf, peftConfigJson, placed, readPeftConfig } from './config';
import { emptyAdapter, mismatch, missingHalf, unsupportedAdapter } from './failures';
import { checkedPlace, checkShape, type Floats, inOrder, interleavedB, interleavedRows } from './modules';
import { ofPacked, unpackedEntries, untangled, writtenPairs } from './packed';
import { frozenName, isFrozen, settledWhole, wholeName, wholeTensor } from './whole';

/** A file of an exported adapter, from its first byte to its last. */
export interface AdapterFile {
  readonly name: string;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

/** What a file has of one module. */
interface Halves {
  a?: DirectoryEntry;
  b?: DirectoryEntry;
  magnitude?: DirectoryEntry;
  bias?: DirectoryEntry;
}

interface Sorted {
  readonly halves: ReadonlyMap<string, Halves>;
  /** By the base's names. */
  readonly whole: ReadonlyMap<string, DirectoryEntry>;
}

/**
 * Reads a PEFT adapter for a base.
 * @param weights adapter_model.safetensors or adapter_model.bin
 * @param tensors the base's, where they are at hand: an embedding beside the pairs is compared with them
 * @throws PronkError `adapter-empty`, `adapter-mismatch`, `unsupported-adapter`, `missing-tensor`, `corrupt-file`, `unsafe-pickle`
 */
export async function readPeft(
  json: JsonFile,
  weights: Source,
  config: ModelConfig,
  name: string,
  tensors: readonly WeightTensor[] = [],
): Promise<Adapter> {
  const known = ofPacked(readPeftConfig(json.json, baseName(json.name)), config);
  const file = baseName(weights.name);
  const entries = unpackedEntries(await directoryOf(weights), config, file);
  const sorted = sortEntries(await withoutFrozen(entries, known.config, config, tensors), file);
  const pairs: LoraPair[] = [];
  for (const [module, { a, b, magnitude, bias }] of sorted.halves) {
    if (!a || !b) throw missingHalf(file, `${module}.lora_${a ? 'B' : 'A'}`);
    const place = checkedPlace(module, config, { file, tensor: a.name });
    const [rank = 0, inputs = 0] = a.shape;
    const [outputs = 0, columns = 0] = b.shape;
    if (a.shape.length !== 2 || b.shape.length !== 2 || columns !== rank) {
      const shapes = `${a.name} is ${a.shape.join(' × ')}, and ${b.name} is ${b.shape.join(' × ')}`;
      throw corruptFile(file, `${shapes}: they are not a pair`);
    }
    checkShape({ ...place, rank, inputs, outputs }, config, { file, tensor: a.name });
    if (rank !== known.rankOf(module)) {
      throw mismatch(file, `${a.name} has rank ${rank}, where its configuration says ${known.rankOf(module)}`);
    }
    const vector = async (entry: DirectoryEntry) => {
      if (entry.shape.reduce((product, each) => product * each, 1) !== outputs) {
        throw corruptFile(file, `${entry.name} is ${entry.shape.join(' × ')}, and its module has ${outputs} outputs`);
      }
      return interleavedRows(place, await floatsOf(entry), config);
    };
    if ((magnitude !== undefined) !== (known.config.use_dora ?? false)) {
      const said = magnitude ? 'brings a magnitude' : 'has no magnitude';
      throw corruptFile(file, `${a.name} ${said}, and its configuration says use_dora: ${!magnitude}`);
    }
    pairs.push({
      ...place,
      rank,
      inputs,
      outputs,
      scale: known.scaleOf(module),
      a: await floatsOf(a),
      b: interleavedB(place, await floatsOf(b), rank, config),
      ...(magnitude && { magnitude: await vector(magnitude) }),
      ...(bias && { bias: await vector(bias) }),
    });
  }
  const all = Array.from(sorted.whole, ([own, entry]) => wholeTensor(entry, own, config, file));
  const whole = settledWhole(all, known.config, config, file);
  const apart = inOrder(untangled(pairs, config));
  const said = { ...known.config, ...targetsOf(known.config.target_modules, pairs) };
  const untangles = apart.length < pairs.length || apart.some((pair) => !pairs.includes(pair));
  return {
    name,
    // ranks of the maps themselves
    config: untangles ? configOf(placed(apart), said, config.numLayers) : said,
    pairs: apart,
    ...(whole.length && { whole }),
  };
}

/** `all-linear` and expressions say nothing here: the maps that there are do. */
function targetsOf(targets: readonly string[], pairs: readonly LoraPair[]) {
  const plain = targets.length > 0 && targets.every((target) => /^[\w.]+$/.test(target));
  return plain ? {} : { target_modules: [...new Set(pairs.map(({ map }) => map))] };
}

async function directoryOf(weights: Source): Promise<DirectoryEntry[]> {
  const head = await weights.read(0, Math.min(weights.size, 2));
  const torch = /\.(bin|pth?)$/.test(weights.name) || (head[0] === 0x50 && head[1] === 0x4b);
  const { tensors } = torch ? await readTorch(weights, { empty: true }) : await readSafetensors(weights);
  return [...tensors.values()];
}

/**
 * Leaves out embeddings and heads that are the base's own. Without the base's values those are taken for it that have its shape
 * and come with an adapter of the head, as PEFT saves them, unless `modules_to_save` names one. Others (trained, or longer
 * by added tokens) stay.
 */
async function withoutFrozen(
  entries: readonly DirectoryEntry[],
  { modules_to_save: saved = [] }: LoraConfig,
  config: ModelConfig,
  tensors: readonly WeightTensor[],
): Promise<DirectoryEntry[]> {
  const adaptsHead = !saved.length && entries.some(({ name }) => /lm_head\.lora_/.test(name));
  const kept: DirectoryEntry[] = [];
  for (const entry of entries) {
    const frozen = frozenName(entry, config);
    const base = tensors.find(({ name }) => name === frozen);
    const isOwn = frozen !== undefined && (base ? await isFrozen(entry, base) : adaptsHead);
    if (!isOwn) kept.push(entry);
  }
  return kept;
}

/** How a module's tensors are called after its name; `default` is the adapter's name in memory. */
const PARTS = {
  a: /^(.+)\.lora_A(?:\.[^.]+)?\.weight$/,
  b: /^(.+)\.lora_B(?:\.[^.]+)?\.weight$/,
  bias: /^(.+)\.lora_B(?:\.[^.]+)?\.bias$/,
  magnitude: /^(.+)\.lora_magnitude_vector(?:\.[^.]+)*$/,
} as const satisfies Record<keyof Halves, RegExp>;

const KEYS = Object.keys(PARTS) as (keyof Halves)[];

/** Tensors by module, and those that take the base's place; others are refused by name. */
function sortEntries(entries: readonly DirectoryEntry[], file: string): Sorted {
  const halves = new Map<string, Halves>();
  const whole = new Map<string, DirectoryEntry>();
  // what ZeRO-3 leaves of tensors that are elsewhere
  const filled = entries.filter(({ shape }) => !shape.includes(0));
  if (filled.length === 0) throw emptyAdapter(file);
  for (const entry of filled) {
    const name = plainName(plainName(entry.name).replace(/^base_model\.model\./, ''));
    const own = wholeName(name);
    if (own !== undefined) {
      if (whole.has(own)) throw corruptFile(file, `it has ${own} twice`);
      whole.set(own, entry);
      continue;
    }
    const key = KEYS.find((each) => PARTS[each].test(name));
    const module = key && PARTS[key].exec(name)?.[1];
    if (!key || module === undefined) throw unsupportedAdapter(file, whatIs(entry.name));
    const pair = halves.get(module) ?? {};
    if (pair[key]) throw corruptFile(file, `it has ${entry.name} twice`);
    pair[key] = entry;
    halves.set(module, pair);
  }
  return { halves, whole };
}

function whatIs(tensor: string): string {
  if (tensor.includes('lora_embedding')) return `adapts an embedding (${tensor})`;
  if (tensor.includes('trainable_tokens')) return `holds single rows of an embedding (${tensor})`;
  if (/_proj\.(modules_to_save\.(\w+\.)?)?weight$/.test(tensor))
    return `brings the whole matrix ${tensor} (modules_to_save)`;
  return `holds ${tensor}, which is not half of a LoRA pair`;
}

async function floatsOf(entry: DirectoryEntry): Promise<Floats> {
  const tensor = fromDirectory(entry);
  return dequantizeElements(tensor.type, await tensor.readRows(0, tensor.rows));
}

/**
 * adapter_config.json and adapter_model.safetensors in f32, as `PeftModel.from_pretrained` reads them.
 * @param whole the adapter's whole tensors, by the base's names, q's and k's in Hugging Face's order
 */
export function writePeft(
  adapter: Adapter,
  config: ModelConfig,
  whole: readonly SafetensorsInput[] = [],
): AdapterFile[] {
  const pairs = writtenPairs(inOrder(adapter.pairs), config);
  const tensors = pairs.flatMap(({ module, rank, inputs, outputs, a, b, magnitude, bias }): SafetensorsInput[] => {
    const name = `base_model.model.${module}`;
    const vector = (own: string, values: Floats | undefined) =>
      values ? [f32Tensor(`${name}.${own}`, [outputs], values)] : [];
    return [
      f32Tensor(`${name}.lora_A.weight`, [rank, inputs], a),
      f32Tensor(`${name}.lora_B.weight`, [outputs, rank], b),
      ...vector('lora_B.bias', bias),
      ...vector('lora_magnitude_vector', magnitude),
    ];
  });
  const text = peftConfigJson(configOf(pairs, adapter.config, config.numLayers));
  return [
    { name: 'adapter_config.json', pieces: [new TextEncoder().encode(text)] },
    { name: 'adapter_model.safetensors', pieces: writeSafetensors([...tensors, ...whole.map(inPeft)]) },
  ];
}

const inPeft = (tensor: SafetensorsInput) => ({ ...tensor, name: `base_model.model.${tensor.name}` });

export function f32Tensor(name: string, shape: readonly number[], values: Floats): SafetensorsInput {
  return { name, dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}
