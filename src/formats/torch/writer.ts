// Writes what torch.load(weights_only=True) reads: a zip of stored, 64-byte-aligned entries with a pickle of protocol 2,
// as PyTorch itself writes it (caffe2/serialize/inline_container.cc). Tensors stream through; none is held whole.

import { createCRC32 } from 'hash-wasm';

export interface TorchInput {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly shape: readonly number[];
  /** Its bytes, row-major and little-endian, in pieces. */
  bytes(): Iterable<Uint8Array<ArrayBuffer>> | AsyncIterable<Uint8Array<ArrayBuffer>>;
}

interface Written {
  readonly name: Uint8Array;
  readonly header: number;
  readonly size: number;
  readonly crc: number;
}

const STORAGE = { F32: 'FloatStorage', F16: 'HalfStorage', BF16: 'BFloat16Storage' } as const;
const SIZE = { F32: 4, F16: 2, BF16: 2 } as const;

const ALIGNMENT = 64;
/** Sizes and the checksum follow the data; names are UTF-8. */
const FLAGS = 0x0808;
/** What a 32-bit field says when the number stands in a zip64 field. */
const WIDE = 0xffffffff;

/**
 * A state dict as a file's bytes, in pieces.
 * @param root name of the folder within the zip, which PyTorch takes from the file's
 * @throws RangeError when a tensor's bytes are not those of its shape
 */
export async function* writeTorch(
  tensors: readonly TorchInput[],
  root = 'archive',
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const text = new TextEncoder();
  const written: Written[] = [];
  const checksum = await createCRC32();
  let at = 0;

  async function* entry(path: string, size: number, data: ReturnType<TorchInput['bytes']>) {
    const name = text.encode(`${root}/${path}`);
    const header = at;
    const head = localHeader(name, header, size);
    yield head;
    at += head.length;
    checksum.init();
    let left = size;
    for await (const piece of data) {
      checksum.update(piece);
      left -= piece.length;
      at += piece.length;
      yield piece;
    }
    if (left !== 0) throw new RangeError(`${path} has ${size - left} bytes, not ${size}`);
    const crc = Number.parseInt(checksum.digest('hex'), 16);
    const tail = descriptor(crc, size);
    at += tail.length;
    yield tail;
    written.push({ name, header, size, crc });
  }
  const small = (path: string, bytes: Uint8Array<ArrayBuffer>) => entry(path, bytes.length, [bytes]);

  yield* small('data.pkl', pickleOf(tensors));
  yield* small('byteorder', text.encode('little'));
  for (const [i, tensor] of tensors.entries()) {
    yield* entry(`data/${i}`, count(tensor) * SIZE[tensor.dtype], tensor.bytes());
  }
  yield* small('version', text.encode('3\n'));

  const directory = written.map(centralHeader);
  const size = directory.reduce((sum, each) => sum + each.length, 0);
  yield* directory;
  yield endRecords(written.length, size, at);
}

function count({ shape }: TorchInput): number {
  return shape.reduce((product, each) => product * each, 1);
}

/** `{name: torch._utils._rebuild_tensor_v2(('storage', …), 0, shape, strides, False, OrderedDict()), …}` */
function pickleOf(tensors: readonly TorchInput[]): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  const encoder = new TextEncoder();
  const ascii = (text: string) => out.push(...encoder.encode(text));
  const text = (value: string) => {
    const bytes = encoder.encode(value);
    out.push(0x58, ...le(bytes.length, 4), ...bytes);
  };
  const integer = (value: number) => {
    if (value < 256) out.push(0x4b, value);
    else if (value < 2 ** 31) out.push(0x4a, ...le(value, 4));
    else out.push(0x8a, 8, ...le(value, 8));
  };
  const tuple = (items: readonly number[]) => {
    ascii('(');
    items.forEach(integer);
    ascii('t');
  };
  out.push(0x80, 2);
  ascii('}(');
  for (const [i, tensor] of tensors.entries()) {
    const { name, dtype, shape } = tensor;
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, each) => product * each, 1));
    text(name);
    ascii('ctorch._utils\n_rebuild_tensor_v2\n((');
    text('storage');
    ascii(`ctorch\n${STORAGE[dtype]}\n`);
    text(String(i));
    text('cpu');
    integer(count(tensor));
    ascii('tQ');
    integer(0);
    tuple(shape);
    tuple(strides);
    out.push(0x89);
    ascii('ccollections\nOrderedDict\n)RtR');
  }
  ascii('u.');
  return Uint8Array.from(out);
}

function le(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}

function localHeader(name: Uint8Array, at: number, size: number): Uint8Array<ArrayBuffer> {
  // an entry whose sizes are wide says so in front, for those who read its descriptor
  const wide = size >= WIDE ? [...le(1, 2), ...le(16, 2), ...le(0, 16)] : [];
  const unpadded = at + 30 + name.length + wide.length + 4;
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
  return Uint8Array.from([
    ...le(0x04034b50, 4),
    ...fields(size, 0, 0),
    ...(wide.length ? le(WIDE, 4).concat(le(WIDE, 4)) : le(0, 8)),
    ...le(name.length, 2),
    ...le(wide.length + 4 + padding, 2),
    ...name,
    ...wide,
    ...le(0x4246, 2),
    ...le(padding, 2),
    ...new Uint8Array(padding),
  ]);
}

/** Version, flags, method (stored), time, date and checksum, as both kinds of header have them. */
function fields(size: number, header: number, crc: number): number[] {
  const version = size >= WIDE || header >= WIDE ? 45 : 20;
  return [...le(version, 2), ...le(FLAGS, 2), ...le(0, 2), ...le(0, 2), ...le(0x21, 2), ...le(crc, 4)];
}

function descriptor(crc: number, size: number): Uint8Array<ArrayBuffer> {
  const width = size >= WIDE ? 8 : 4;
  return Uint8Array.from([...le(0x08074b50, 4), ...le(crc, 4), ...le(size, width), ...le(size, width)]);
}

function centralHeader({ name, header, size, crc }: Written): Uint8Array<ArrayBuffer> {
  const wide = [...(size >= WIDE ? [size, size] : []), ...(header >= WIDE ? [header] : [])].flatMap((each) =>
    le(each, 8),
  );
  const extra = wide.length ? [...le(1, 2), ...le(wide.length, 2), ...wide] : [];
  return Uint8Array.from([
    ...le(0x02014b50, 4),
    ...le(45, 2),
    ...fields(size, header, crc),
    ...le(Math.min(size, WIDE), 4),
    ...le(Math.min(size, WIDE), 4),
    ...le(name.length, 2),
    ...le(extra.length, 2),
    // no comment, first disk, no attributes
    ...le(0, 10),
    ...le(Math.min(header, WIDE), 4),
    ...name,
    ...extra,
  ]);
}

/** The end of the zip, in both widths. */
function endRecords(entries: number, size: number, start: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...le(0x06064b50, 4),
    ...le(44, 8),
    ...le(45, 2),
    ...le(45, 2),
    ...le(0, 8),
    ...le(entries, 8),
    ...le(entries, 8),
    ...le(size, 8),
    ...le(start, 8),
    ...le(0x07064b50, 4),
    ...le(0, 4),
    ...le(start + size, 8),
    ...le(1, 4),
    ...le(0x06054b50, 4),
    ...le(0, 4),
    ...le(Math.min(entries, 0xffff), 2),
    ...le(Math.min(entries, 0xffff), 2),
    ...le(Math.min(size, WIDE), 4),
    ...le(Math.min(start, WIDE), 4),
    ...le(0, 2),
  ]);
}
