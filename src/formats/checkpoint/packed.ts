// Maps that some families hold as one matrix: q, k and v above one another, and gate above up (Phi-3).

import { type LinearMap, PACKED_MODULES } from '../../core/adapter';
import type { Tensor } from '../../core/checkpoint';
import { corruptFile } from '../../core/errors';
import type { ModelConfig } from '../../core/model-config';
import { rowGroups } from './views';

/** One matrix, and the maps whose rows it holds, in their order. */
interface Pack {
  /** The module's name within a layer, as Hugging Face has it. */
  readonly path: string;
  /** GGUF's name of its tensor within a layer. */
  readonly gguf: string;
  /** Name of the maps' parent. */
  readonly parent: string;
  readonly maps: readonly LinearMap[];
}

const PACKS: readonly Pack[] = [
  { path: 'self_attn.qkv_proj', gguf: 'attn_qkv', parent: 'self_attn', maps: PACKED_MODULES.qkv_proj },
  { path: 'mlp.gate_up_proj', gguf: 'ffn_up', parent: 'mlp', maps: PACKED_MODULES.gate_up_proj },
];

/** Rows of one of the maps that are packed. */
function rowsOf(map: LinearMap, { numHeads, numKeyValueHeads, headDim, intermediateSize }: ModelConfig): number {
  if (map === 'q_proj') return numHeads * headDim;
  return map === 'k_proj' || map === 'v_proj' ? numKeyValueHeads * headDim : intermediateSize;
}

/** A map within a packed matrix. */
interface PackedPart {
  /** The map's module, with what followed the packed one's name. */
  readonly name: string;
  readonly map: LinearMap;
  /** Where its rows begin, and how many there are. */
  readonly first: number;
  readonly rows: number;
}

const MODULE = /^(model\.layers\.\d+)\.(\w+\.\w+)((?:\.\w+)*)$/;

/** The maps that a packed module holds, by a name that begins with the module's; undefined for another module. */
export function partsOf(name: string, config: ModelConfig): readonly PackedPart[] | undefined {
  const [, layer, path, rest = ''] = MODULE.exec(name) ?? [];
  const pack = PACKS.find((each) => each.path === path);
  if (!pack || layer === undefined) return undefined;
  let first = 0;
  return pack.maps.map((map) => {
    const rows = rowsOf(map, config);
    const part = { name: `${layer}.${pack.parent}.${map}${rest}`, map, first, rows };
    first += rows;
    return part;
  });
}

/** The name of the packed module in the place of one of its maps', in a name that begins with it; others stay. */
export function packedName(name: string): string {
  const [, layer, path, rest = ''] = MODULE.exec(name) ?? [];
  const pack = PACKS.find(({ parent, maps }) => maps.some((map) => `${parent}.${map}` === path));
  return pack ? `${layer}.${pack.path}${rest}` : name;
}

/**
 * The tensors that a packed one holds; undefined for another tensor.
 * @throws PronkError `corrupt-file` for one of another height
 */
export function unpacked(tensor: Tensor, config: ModelConfig): readonly Tensor[] | undefined {
  const parts = partsOf(tensor.name, config);
  if (!parts) return undefined;
  const height = tensor.rows === 1 ? tensor.columns : tensor.rows;
  const wanted = parts.reduce((sum, { rows }) => sum + rows, 0);
  if (height !== wanted) {
    throw corruptFile(tensor.place.file, `${tensor.name} has ${height} rows, and its maps have ${wanted}`);
  }
  // maps begin at whole heads, or at whole halves
  const step = parts[0]?.map === 'q_proj' ? config.headDim : config.intermediateSize;
  return parts.map(({ name, first, rows }) => {
    const groups = Array.from({ length: rows / step }, (_, i) => first / step + i);
    return rowGroups(tensor, name, groups, step);
  });
}

/** What a file holds as one tensor: the maps of a packed matrix together, others by themselves. */
export interface FileTensor<Part> {
  readonly name: string;
  readonly parts: readonly Part[];
}

/** Tensors as files of a family hold them. @param packs whether the family packs its maps */
export function inFiles<Part extends { readonly name: string }>(
  tensors: readonly Part[],
  packs: boolean,
): readonly FileTensor<Part>[] {
  if (!packs) return tensors.map((tensor) => ({ name: tensor.name, parts: [tensor] }));
  const byName = new Map<string, Part[]>();
  for (const tensor of tensors) {
    const name = packedName(tensor.name);
    byName.set(name, [...(byName.get(name) ?? []), tensor]);
  }
  const place = ({ name }: Part) => PACKS.flatMap(({ maps }) => maps).findIndex((map) => name.includes(`.${map}.`));
  return Array.from(byName, ([name, parts]) => ({ name, parts: parts.toSorted((a, b) => place(a) - place(b)) }));
}

/** Hugging Face's name of a GGUF tensor of packed maps; undefined for another. */
export function packedFromGguf(name: string): string | undefined {
  const [, layer, stem, rest] = /^blk\.(\d+)\.(\w+)\.(.+)$/.exec(name) ?? [];
  const pack = PACKS.find((each) => each.gguf === stem);
  return pack && `model.layers.${layer}.${pack.path}.${rest}`;
}

/** GGUF's name of a tensor of packed maps; undefined for another. */
export function packedToGguf(name: string): string | undefined {
  const [, layer, path, rest] = /^model\.layers\.(\d+)\.(\w+\.\w+)\.(.+)$/.exec(name) ?? [];
  const pack = PACKS.find((each) => each.path === path);
  return pack && `blk.${layer}.${pack.gguf}.${rest}`;
}
