// LoRA adapters as GGUF files, as llama.cpp's convert_lora_to_gguf.py writes them: <weight>.lora_a ([inputs, r] in ggml's
// order: PEFT's bytes) and <weight>.lora_b ([r, outputs]). There is one alpha, and the scale is alpha / r of each pair. The
// rows of q and k follow the architecture's own order, which is interleaved for `llama`.

import { defined } from '../../core/defined';
import type { ModelConfig } from '../../core/model-config';
import { dequantizeElements } from '../../quant/elements';
import type { Adapter, LoraPair } from '../../core/adapter';
import { corruptFile } from '../../core/errors';
import { checkInGguf, familyOf, familyOfGguf, ggufToWrite } from '../families/index';
import { type GgufFile, type GgufTensor, type GgufValue, isGguf, readGguf } from '../gguf/gguf';
import { type GgufStream, type GgufTensorContent, writeGguf } from '../gguf/writer';
import { packedToGguf } from '../checkpoint/packed';
import { fromGgufName, toGgufName } from '../checkpoint/tensor-names';
import { baseName, type Source } from '../../core/source';
import { configOf, mostCommon, placed } from './config';
import { emptyAdapter, mismatch, missingHalf, unsupportedAdapter } from './failures';
import { checkedPlace, checkShape, type Floats, inOrder, interleavedB } from './modules';
import { unpackedTensors, untangled, writtenPairs } from './packed';

const TYPE = 'general.type';

interface Halves {
  a?: GgufTensor;
  b?: GgufTensor;
}

/** What a model's GGUF files may have as `general.architecture`, the one that is written first. */
function ggufArchitectures(config: ModelConfig): readonly string[] {
  const { gguf } = familyOf(config.architecture);
  return [ggufToWrite(config).architecture, ...(gguf ? [gguf.architecture] : [])];
}

/** Whether a file is a GGUF adapter: only its metadata tells it from a model. */
export async function isGgufAdapter(source: Source): Promise<boolean> {
  const magic = await source.read(0, Math.min(source.size, 16));
  if (!isGguf(magic)) return false;
  const { metadata } = await readGguf(source);
  return metadata.get(TYPE)?.value === 'adapter';
}

/**
 * Reads a GGUF adapter for a base.
 * @throws PronkError `adapter-empty`, `adapter-mismatch`, `unsupported-adapter`, `missing-tensor`, `corrupt-file`
 */
export async function readGgufAdapter(source: Source, config: ModelConfig): Promise<Adapter> {
  const header = await readGguf(source);
  const file = baseName(source.name);
  const value = (key: string) => header.metadata.get(key)?.value;
  if (value(TYPE) !== 'adapter') throw unsupportedAdapter(file, 'is a GGUF file, but of a model');
  const type = value('adapter.type') ?? 'lora';
  if (type !== 'lora') throw unsupportedAdapter(file, `is an adapter of the kind ${String(type)}`);
  if (header.metadata.has('adapter.alora.invocation_tokens')) throw unsupportedAdapter(file, 'is an activated LoRA');
  const architecture = String(value('general.architecture'));
  if (!ggufArchitectures(config).includes(architecture)) {
    throw mismatch(
      file,
      `it is for the architecture ${architecture}, and the model is of the ${config.architecture} family`,
    );
  }
  const alpha = value('adapter.lora.alpha');
  if (alpha !== undefined && !(typeof alpha === 'number' && Number.isFinite(alpha))) {
    throw corruptFile(file, 'its alpha is not a number');
  }
  const pairs = await readPairs(header, config, alpha ?? 0);
  const title = value('general.name');
  const base = value('general.base_model.0.name');
  return {
    name: typeof title === 'string' && title ? title : file.replace(/\.gguf$/i, ''),
    config: configOf(
      placed(pairs),
      { base_model_name_or_path: typeof base === 'string' ? base : '' },
      config.numLayers,
    ),
    pairs,
  };
}

async function readPairs(header: GgufFile, config: ModelConfig, alpha: number): Promise<LoraPair[]> {
  const { source } = header;
  const file = baseName(source.name);
  const { gguf } = familyOfGguf(header.metadata.get('general.architecture')?.value, file);
  const halves = sortHalves(unpackedTensors(header.tensors, config, file), file);
  if (halves.size === 0) throw emptyAdapter(file);
  const floats = async ({ type, start, bytes }: GgufTensor) =>
    dequantizeElements(type, await source.read(start, start + bytes));
  const pairs: LoraPair[] = [];
  for (const [module, { a, b }] of halves) {
    if (!a || !b) throw missingHalf(file, `${toGgufName(`${module}.weight`)}.lora_${a ? 'b' : 'a'}`);
    const place = checkedPlace(module, config, { file, tensor: a.name });
    const [inputs = 0, rank = 1] = a.shape;
    const [columns = 0, outputs = 1] = b.shape;
    if (a.shape.length > 2 || b.shape.length > 2) throw corruptFile(file, `${a.name} and ${b.name} are not matrices`);
    if (columns !== rank)
      throw corruptFile(file, `${a.name} and ${b.name} have different ranks, ${rank} and ${columns}`);
    checkShape({ ...place, rank, inputs, outputs }, config, { file, tensor: a.name });
    const rows = await floats(b);
    pairs.push({
      ...place,
      rank,
      inputs,
      outputs,
      // without an alpha llama.cpp takes B·A as it is
      scale: alpha === 0 ? 1 : alpha / rank,
      a: await floats(a),
      b: gguf.halfSplit ? interleavedB(place, rows, rank, config) : rows,
    });
  }
  return inOrder(untangled(pairs, config));
}

function sortHalves(tensors: readonly GgufTensor[], file: string): Map<string, Halves> {
  const halves = new Map<string, Halves>();
  for (const tensor of tensors) {
    const [, weight, half] = /^(.+)\.lora_(a|b)$/.exec(tensor.name) ?? [];
    const module = weight && fromGgufName(weight)?.replace(/\.weight$/, '');
    if (!module)
      throw unsupportedAdapter(file, `holds ${tensor.name}, which is not half of the LoRA pair of a linear module`);
    const pair = halves.get(module) ?? {};
    pair[half === 'a' ? 'a' : 'b'] = tensor;
    halves.set(module, pair);
  }
  return halves;
}

/** The alpha that the file needs, for rsLoRA too: its scale is alpha / r. */
const alphaOf = ({ scale, rank }: Pick<LoraPair, 'scale' | 'rank'>) => scale * rank;

/**
 * The file that llama.cpp's `--lora` takes, in f32.
 * @throws PronkError `unsupported-format` where GGUF cannot hold its model
 */
export function writeGgufAdapter(adapter: Adapter, config: ModelConfig): GgufStream {
  checkInGguf(config);
  const { architecture, halfSplit } = ggufToWrite(config);
  const pairs = writtenPairs(inOrder(adapter.pairs), config, halfSplit);
  // llama.cpp reads 0 as no alpha, a scale of 1: a strength of 0 is in B then
  const alpha = mostCommon(pairs.map(alphaOf)) || 1;
  const base = adapter.config.base_model_name_or_path;
  return writeGguf({
    metadata: new Map<string, GgufValue>([
      ['general.architecture', { type: 'string', value: architecture }],
      ['general.type', { type: 'string', value: 'adapter' }],
      ['general.name', { type: 'string', value: adapter.name }],
      ...(base
        ? ([
            ['general.base_model.count', { type: 'u32', value: 1 }],
            ['general.base_model.0.name', { type: 'string', value: base }],
          ] as const)
        : []),
      ['adapter.type', { type: 'string', value: 'lora' }],
      ['adapter.lora.alpha', { type: 'f32', value: alpha }],
    ]),
    tensors: pairs.flatMap((pair) => {
      const own = `${pair.module}.weight`;
      const name = defined(packedToGguf(own) ?? toGgufName(own), 'a name in GGUF');
      const { b } = pair;
      const factor = alphaOf(pair) / alpha;
      return [
        content(`${name}.lora_a`, [pair.inputs, pair.rank], pair.a),
        content(`${name}.lora_b`, [pair.rank, pair.outputs], factor === 1 ? b : b.map((each) => each * factor)),
      ];
    }),
  });
}

function content(name: string, shape: readonly number[], values: Floats): GgufTensorContent {
  return {
    name,
    type: 'F32',
    shape,
    async *pieces() {
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    },
  };
}
