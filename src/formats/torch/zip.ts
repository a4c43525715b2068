// The zip that torch.save writes (APPNOTE.TXT 6.3.9, with zip64): entries are stored, so a tensor is a range of the file.
// Only the tail and the local headers of the entries that are asked for are read.

import { PronkError, corruptFile } from '../../core/errors';
import type { Source } from '../../core/source';

export interface ZipEntry {
  readonly name: string;
  /** Where its local header begins. */
  readonly header: number;
  /** Bytes of its data as stored. */
  readonly size: number;
  /** Where whatever follows it begins: the next local header, or the central directory. */
  readonly limit: number;
  /** Compressed or encrypted: there, but not readable as a range. */
  readonly packed: boolean;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;

const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
/** A comment has at most so many bytes. */
const MAX_COMMENT = 0xffff;
/** Half a million tensors; the largest real files have some thousand. */
const MAX_DIRECTORY = 64 << 20;

/** Whether the first bytes are a zip's: a local header, or the end record of an empty one. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
}

/**
 * Reads the central directory. Entries must lie within the file, one after another without overlapping.
 * @throws PronkError `corrupt-file`
 */
export async function readZip(source: Source): Promise<ReadonlyMap<string, ZipEntry>> {
  const { name: file } = source;
  const directory = await findDirectory(source);
  const bytes = await source.read(directory.start, directory.start + directory.size);
  const view = new DataView(bytes.buffer);
  const text = new TextDecoder();
  const entries: { -readonly [K in keyof ZipEntry]: ZipEntry[K] }[] = [];
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw corruptFile(file, 'its directory breaks off');
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const extra = at + CENTRAL_BYTES + nameLength;
    const end = extra + extraLength + commentLength;
    if (end > bytes.length) throw corruptFile(file, 'its directory breaks off');
    const name = text.decode(bytes.subarray(at + CENTRAL_BYTES, extra));
    const wide = wideFields(view, extra, extra + extraLength);
    const field = (offset: number) => {
      const value = view.getUint32(at + offset, true);
      return value === 0xffffffff ? (wide.shift() ?? value) : value;
    };
    // zip64 fields stand in this order: real size, stored size, offset
    const [size, stored, header] = [24, 20, 42].map(field);
    const packed = view.getUint16(at + 10, true) !== 0 || (view.getUint16(at + 8, true) & 1) !== 0;
    if (!packed && size !== stored) throw corruptFile(file, `its entry ${name} has two sizes`);
    entries.push({ name, header, size: stored, limit: directory.start, packed });
    at = end;
  }
  if (at !== bytes.length) throw corruptFile(file, 'its directory is longer than its entries');
  entries.sort((a, b) => a.header - b.header);
  for (const [i, entry] of entries.entries()) {
    entry.limit = entries[i + 1]?.header ?? directory.start;
    if (!(entry.header + LOCAL_BYTES + entry.size <= entry.limit)) {
      throw corruptFile(file, `its entry ${entry.name} reaches into the next one or beyond the end`);
    }
  }
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  if (byName.size < entries.length) throw corruptFile(file, 'it has two entries of one name');
  return byName;
}

/**
 * Where an entry's data begins, by its local header.
 * @throws PronkError `corrupt-file`; `unsupported-format` for entries that are not stored as they are
 */
export async function dataStart(source: Source, entry: ZipEntry): Promise<number> {
  if (entry.packed) {
    throw new PronkError(
      'unsupported-format',
      `${source.name} has been compressed: its entry ${entry.name} is not stored as torch.save stores it. ` +
        'Load it in PyTorch and save it again.',
    );
  }
  const name = new TextEncoder().encode(entry.name);
  const end = Math.min(entry.header + LOCAL_BYTES + name.length, source.size);
  const bytes = await source.read(entry.header, end);
  const view = new DataView(bytes.buffer);
  const problem = corruptFile(source.name, `its entry ${entry.name} is not where its directory says`);
  if (bytes.length < LOCAL_BYTES + name.length || view.getUint32(0, true) !== LOCAL) throw problem;
  const sameName = view.getUint16(26, true) === name.length && name.every((each, i) => bytes[LOCAL_BYTES + i] === each);
  const start = end + view.getUint16(28, true);
  if (!sameName || view.getUint16(8, true) !== 0 || start + entry.size > entry.limit) throw problem;
  return start;
}

/** The 64-bit numbers of a zip64 extra field, if there is one between `from` and `to`. */
function wideFields(view: DataView, from: number, to: number): number[] {
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > to) break;
    if (view.getUint16(at, true) === 1) {
      const values: number[] = [];
      for (let field = at + 4; field + 8 <= end; field += 8) values.push(Number(view.getBigUint64(field, true)));
      return values;
    }
    at = end;
  }
  return [];
}

async function findDirectory(source: Source): Promise<{ start: number; size: number; count: number }> {
  const { name: file } = source;
  const from = Math.max(0, source.size - END_BYTES - MAX_COMMENT - LOCATOR_BYTES);
  const tail = await source.read(from, source.size);
  const view = new DataView(tail.buffer);
  let at = tail.length - END_BYTES;
  const isEnd = () =>
    view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === tail.length;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) throw corruptFile(file, 'it ends before its directory');
  let [count, size, start] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ];
  let before = from + at;
  const locator = at - LOCATOR_BYTES;
  if (locator >= 0 && view.getUint32(locator, true) === LOCATOR64) {
    before = Number(view.getBigUint64(locator + 8, true));
    if (before + 56 > from + locator) throw corruptFile(file, 'its directory lies beyond its end');
    const end64 = new DataView((await source.read(before, before + 56)).buffer);
    if (end64.getUint32(0, true) !== END64) throw corruptFile(file, 'its directory is not where it says');
    [count, size, start] = [32, 40, 48].map((offset) => Number(end64.getBigUint64(offset, true)));
  }
  if (size > MAX_DIRECTORY || start + size > before || count * CENTRAL_BYTES > size) {
    throw corruptFile(file, 'its directory cannot be what it says');
  }
  return { start, size, count };
}
