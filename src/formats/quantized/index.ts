// Folders whose weights another program quantized: the tensors that stand for one matrix are taken together, and the matrix is
// seen as one that can be read by rows. What is not quantized (norms, embeddings, a head that was left out) stays as it is.

import type { Tensor } from '../../core/checkpoint';
import { isObject, numberIn } from '../../core/json';
import { type DirectoryEntry, fromDirectory } from '../checkpoint/directory';
import { readFourBits, readInt8 } from './bitsandbytes';
import { readBytes, readPackedIntegers } from './compressed';
import { floatTypeNamed } from './floats';
import { readFp8 } from './fp8';
import { readAwq, readGptq } from './gptq';
import { compressedWeights, groupOf, type Method, notRead, refusalOf } from './methods';
import { readMlx } from './mlx';
import { Parts } from './parts';
import { Shelf } from './shelf';

export { methodOf } from './methods';

/** An entry of a directory, or the parts of a quantized matrix under its name. */
export interface Entry extends DirectoryEntry {
  readonly parts?: Parts;
}

/** Types of `weight` that stand for something else than themselves. */
const PACKED = new Set(['U8', 'I8', 'U32', 'I32', 'F8_E4M3']);
const MAIN = /^(.+)\.(qweight|weight_packed|weight)$/;

/** Entries with the parts of each quantized matrix as one, called `….weight`. */
export function gathered(entries: readonly DirectoryEntry[]): Entry[] {
  const mains = new Map<string, DirectoryEntry>();
  for (const entry of entries) {
    const [, module, suffix] = MAIN.exec(entry.name) ?? [];
    if (module !== undefined && (suffix !== 'weight' || PACKED.has(entry.dtype))) mains.set(module, entry);
  }
  if (mains.size === 0) return [...entries];
  const parts = new Map<string, Map<string, DirectoryEntry>>();
  const plain: Entry[] = [];
  for (const entry of entries) {
    const module = moduleOf(entry.name, mains);
    const suffix = module === undefined ? '' : entry.name.slice(module.length + 1);
    if (module === undefined || suffix === 'bias') plain.push(entry);
    else parts.set(module, (parts.get(module) ?? new Map<string, DirectoryEntry>()).set(suffix, entry));
  }
  const shelf = new Shelf();
  const packed = Array.from(mains, ([module, main]) => {
    const own = new Parts(module, main, parts.get(module) ?? new Map(), shelf);
    return { ...main, name: `${module}.weight`, parts: own };
  });
  return [...plain, ...packed];
}

/** The module that a tensor is of, among those with packed weights. */
function moduleOf(name: string, mains: ReadonlyMap<string, unknown>): string | undefined {
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    if (mains.has(name.slice(0, dot))) return name.slice(0, dot);
  }
  return undefined;
}

/** What an entry is, read by rows. @param shape where the configuration says it */
export async function entryTensor(
  entry: Entry,
  method: Method | undefined,
  shape: readonly [number, number] | undefined,
): Promise<Tensor> {
  return entry.parts ? { ...(await matrixOf(entry.parts, method, shape)), name: entry.name } : fromDirectory(entry);
}

/**
 * Names a method that is not read where it shows. A configuration may speak of one that the files were merged out of.
 * @throws PronkError `unsupported-tensor-type`
 */
export function refuseUnread(
  method: Method | undefined,
  entries: readonly Entry[],
  expected: ReadonlyMap<string, unknown>,
): void {
  const refused = method && refusalOf(method);
  if (refused === undefined) return;
  const plain = new Set(entries.filter(({ parts }) => !parts).map(({ name }) => name));
  const [first] = entries;
  if (first && [...expected.keys()].some((name) => !plain.has(name))) {
    throw notRead(first.source.name, method?.title ?? '', refused);
  }
}

/**
 * The matrix that parts are.
 * @param method of the folder; without one, what the parts are called says enough of some
 * @param shape of the matrix, where the configuration says it
 * @throws PronkError `unsupported-tensor-type`; `corrupt-file`
 */
async function matrixOf(
  parts: Parts,
  method: Method | undefined,
  shape: readonly [number, number] | undefined,
): Promise<Tensor> {
  const { dtype, source } = parts.main;
  const settings = method?.settings ?? {};
  const float = floatTypeNamed(method?.float);
  if (parts.has('weight.absmax')) return readFourBits(parts, shape, float);
  if (parts.has('SCB')) return readInt8(parts, float);
  if (dtype === 'U32' && parts.has('scales')) return readMlx(parts, mlxSettings(parts.module, settings));
  if (parts.has('qweight')) {
    if (method?.name === 'awq') return readAwq(parts, groupOf(settings));
    const bits = numberIn(settings, 'bits') ?? 4;
    return readGptq(parts, {
      bits,
      group: groupOf(settings),
      symmetric: settings['sym'] === true,
      ordered: settings['desc_act'] === true,
      added: settings['checkpoint_format'] === 'gptq_v2' ? 0 : 1,
    });
  }
  if (parts.has('weight_packed')) return readPackedIntegers(parts, shape, isSymmetric(settings));
  if (dtype === 'F8_E4M3') return readFp8(parts, blocksOf(settings), float);
  if (dtype === 'I8' && parts.has('weight_scale')) return readBytes(parts, isSymmetric(settings));
  throw notRead(
    source.name,
    method?.title ?? `a program that it does not name (${parts.main.name})`,
    'which Pronk does not read',
  );
}

/** MLX's settings of a module, which may have its own. */
function mlxSettings(module: string, settings: Method['settings']) {
  const own = settings[module];
  const from = isObject(own) ? { ...settings, ...own } : settings;
  return { bits: numberIn(from, 'bits') ?? 4, group: numberIn(from, 'group_size') ?? 64 };
}

function blocksOf(settings: Method['settings']): readonly [number, number] | undefined {
  const given = settings['weight_block_size'];
  if (!Array.isArray(given) || given.length !== 2) return undefined;
  const [rows, columns] = given.map(Number);
  return rows >= 1 && columns >= 1 && Number.isInteger(rows) && Number.isInteger(columns) ? [rows, columns] : undefined;
}

const isSymmetric = (settings: Method['settings']) => compressedWeights(settings)?.['symmetric'] !== false;
