// Files of torch.save since PyTorch 1.6: a zip with a pickle (`data.pkl`) and a stored entry for each storage (`data/0`,
// …). The pickle is read as data; nothing that it names is run.

import { defined } from '../../core/defined';
import type { DirectoryEntry } from '../checkpoint/directory';
import { PronkError, corruptFile } from '../../core/errors';
import { type PickleWorld, readPickle } from './pickle';
import type { Source } from '../../core/source';
import { type ZipEntry, dataStart, isZip, readZip } from './zip';

export interface TorchTensor extends DirectoryEntry {
  /** From its first element to behind its last; with strides, what lies between belongs to others too. */
  readonly bytes: number;
}

export interface TorchFile {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
}

/** The pickles of real models have some hundred bytes a tensor; hostile ones cost memory many times their size. */
const MAX_PICKLE = 16 << 20;
/** Local headers that are read at once. */
const AT_ONCE = 32;

const STORAGES: Readonly<Record<string, string>> = {
  Float: 'F32',
  Half: 'F16',
  BFloat16: 'BF16',
  Double: 'F64',
  Long: 'I64',
  Int: 'I32',
  Short: 'I16',
  Char: 'I8',
  Byte: 'U8',
  Bool: 'BOOL',
  ComplexFloat: 'C64',
  ComplexDouble: 'C128',
  Untyped: 'U8',
};
const DTYPES: Readonly<Record<string, string>> = {
  float32: 'F32',
  float: 'F32',
  float16: 'F16',
  half: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  bool: 'BOOL',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
};
const BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F32: 4,
  I32: 4,
  U32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
  C128: 16,
};

/** What the pickles of state dicts call. */
const CALLS: ReadonlyMap<string, Call['run']> = new Map<string, Call['run']>([
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTensor],
  ['torch._utils._rebuild_parameter', ([data]) => data],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => data],
  ['collections.OrderedDict', ([items]) => new Map(Array.isArray(items) ? pairs(items) : [])],
  ['torch.Size', ([sizes]) => sizes],
  ['torch.device', () => 'device'],
]);

class Call {
  readonly run: (args: readonly unknown[]) => unknown;
  constructor(run: (args: readonly unknown[]) => unknown) {
    this.run = run;
  }
}

class Dtype {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

class Storage {
  readonly dtype: string;
  readonly key: string;
  /** Elements of `dtype`. */
  readonly count: number;
  constructor(dtype: string, key: string, count: number) {
    this.dtype = dtype;
    this.key = key;
    this.count = count;
  }
}

class View {
  readonly storage: Storage;
  readonly dtype: string;
  /** Elements before its first. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, dtype: string, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/**
 * Reads a file's directory, checking that every tensor lies within its storage and every storage within the file.
 * A state dict inside of a checkpoint (`{'model': {…}}`) is found.
 * @param options.empty whether a state dict without tensors is one too
 * @throws PronkError `corrupt-file`; `unsafe-pickle` naming what the pickle would run; `unsupported-format` for files
 *   of PyTorch before 1.6, compressed ones and big-endian ones
 */
export async function readTorch(source: Source, { empty = false } = {}): Promise<TorchFile> {
  if (source.size === 0) throw corruptFile(source.name, 'it is empty');
  const head = await source.read(0, Math.min(source.size, 16));
  if (!isZip(head)) throw notZip(source.name, head);
  const entries = await readZip(source);
  const root = rootOf(entries.keys());
  if (root === undefined) throw corruptFile(source.name, 'it is a zip without the data.pkl of a PyTorch file');
  const order = entries.get(`${root}byteorder`);
  if (order && order.size < 64 && new TextDecoder().decode(await readEntry(source, order)).trim() === 'big') {
    throw new PronkError(
      'unsupported-format',
      `${source.name} is in big-endian byte order, which Pronk does not read.`,
    );
  }
  const pickle = defined(entries.get(`${root}data.pkl`), 'data.pkl');
  if (pickle.size > MAX_PICKLE) throw corruptFile(source.name, 'its pickle is too long');
  const value = readPickle(await readEntry(source, pickle), source.name, WORLD);
  const views =
    stateDict(value) ?? (empty && value instanceof Map && value.size === 0 ? new Map<string, View>() : undefined);
  if (!views) throw new PronkError('unsupported-format', `${source.name} holds no tensors by name: it is not a model.`);

  const keys = [...new Set(Array.from(views.values(), ({ storage }) => storage.key))];
  const starts = await locate(source, entries, `${root}data/`, keys);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, view] of views) {
    const { storage } = view;
    const bytes = storage.count * BYTES[storage.dtype];
    if (entries.get(`${root}data/${storage.key}`)?.size !== bytes) {
      throw corruptFile(source.name, `the storage of ${name} does not have the size that it says`);
    }
    tensors.set(name, place(name, view, bytes, defined(starts.get(storage.key), `the storage of ${name}`), source));
  }
  return { tensors };
}

async function readEntry(source: Source, entry: ZipEntry): Promise<Uint8Array> {
  const start = await dataStart(source, entry);
  return source.read(start, start + entry.size);
}

/** Where each storage's data begins. */
async function locate(
  source: Source,
  entries: ReadonlyMap<string, ZipEntry>,
  folder: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const starts = new Map<string, number>();
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    await Promise.all(
      keys.slice(i, i + AT_ONCE).map(async (key) => {
        const entry = entries.get(folder + key);
        if (!entry) throw corruptFile(source.name, `it lacks ${folder}${key}, which its tensors ask for`);
        starts.set(key, await dataStart(source, entry));
      }),
    );
  }
  return starts;
}

/** `consolidated/`: the folder that everything lies in, whose name is arbitrary. */
function rootOf(names: Iterable<string>): string | undefined {
  const roots = Array.from(names, (name) => /^([^/]+\/)data\.pkl$/.exec(name)?.[1]).filter(
    (root) => root !== undefined,
  );
  return roots.length === 1 ? roots[0] : undefined;
}

function notZip(name: string, head: Uint8Array): PronkError {
  // a pickle: PyTorch's own magic number comes first in the files of old
  if (head[0] !== 0x80) return corruptFile(name, 'it does not start like a PyTorch file');
  return new PronkError(
    'unsupported-format',
    `${name} is in the format that PyTorch wrote before version 1.6. Load it in PyTorch and save it again: ` +
      `torch.save(torch.load("${name}", weights_only=True), "${name}").`,
  );
}

const WORLD: PickleWorld = {
  global: known,
  call: (callee, args) => (callee instanceof Call ? callee.run(args) : undefined),
  persistent,
};

function known(name: string): unknown {
  const run = CALLS.get(name);
  if (run) return new Call(run);
  const [, storage] = /^torch\.(?:cuda\.|storage\._?)?(\w+)Storage$/.exec(name) ?? [];
  if (storage && Object.hasOwn(STORAGES, storage)) return new Dtype(STORAGES[storage]);
  const dtype = name.replace(/^torch\./, '');
  return dtype !== name && Object.hasOwn(DTYPES, dtype) ? new Dtype(DTYPES[dtype]) : undefined;
}

/** `('storage', torch.HalfStorage, '0', 'cpu', 4096)` */
function persistent(id: unknown): Storage | undefined {
  if (!Array.isArray(id)) return undefined;
  const [kind, type, key, , count] = id as unknown[];
  if (kind !== 'storage' || !(type instanceof Dtype) || typeof key !== 'string' || !isSize(count)) return undefined;
  return new Storage(type.name, key, count);
}

/** `(storage, offset, size, stride, requires_grad, hooks, …)`; v3 has the dtype behind the hooks. */
function rebuildTensor([storage, offset, shape, strides, , , dtype]: readonly unknown[]): View {
  if (!(storage instanceof Storage) || !isSize(offset) || !isSizes(shape) || !isSizes(strides)) {
    throw new TypeError('a malformed tensor');
  }
  if (shape.length !== strides.length) throw new TypeError('a tensor with more sizes than strides');
  return new View(storage, dtype instanceof Dtype ? dtype.name : storage.dtype, offset, shape, strides);
}

function pairs(items: readonly unknown[]): (readonly [unknown, unknown])[] {
  return items.map((item) => {
    if (!Array.isArray(item) || item.length !== 2) throw new TypeError('a malformed pair');
    return [item[0], item[1]];
  });
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= 16 && value.every(isSize);
}

/** The names under which checkpoints keep their state dict, the likeliest first. */
const NESTED = ['model', 'state_dict', 'model_state_dict', 'module', 'weights'];

/** The tensors of a state dict, or of the state dict inside of a checkpoint. */
function stateDict(value: unknown, depth = 0): ReadonlyMap<string, View> | undefined {
  if (!(value instanceof Map)) return undefined;
  const views = new Map<string, View>();
  for (const [name, each] of value) if (typeof name === 'string' && each instanceof View) views.set(name, each);
  if (views.size || depth === 2) return views.size ? views : undefined;
  for (const key of NESTED) {
    const inner = stateDict(value.get(key), depth + 1);
    if (inner) return inner;
  }
  return undefined;
}

function place(name: string, view: View, storageBytes: number, storageStart: number, source: Source): TorchTensor {
  const { dtype, shape, strides, offset } = view;
  const size = BYTES[dtype];
  const empty = shape.includes(0);
  const last = shape.reduce((sum, each, i) => sum + (each - 1) * strides[i], 0);
  const count = empty ? 0 : last + 1;
  if ((offset + count) * size > storageBytes) {
    throw corruptFile(source.name, `the tensor ${name} reaches beyond its storage`);
  }
  return {
    name,
    dtype,
    shape,
    ...(!empty && !isContiguous(shape, strides) && { strides }),
    source,
    start: storageStart + offset * size,
    bytes: count * size,
  };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}
