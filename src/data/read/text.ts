// Files as text: UTF-8, or UTF-16 where a byte order mark says so (spreadsheets write that), read piece by piece.
import type { Source } from '../../formats/source';
import { badDataset } from './bad-dataset';

const WINDOW = 4 << 20;
const LINE_FEED = 0x0a;

/** What people take for text, by the first bytes. */
const BINARY: readonly (readonly [magic: string, what: string])[] = [
  ['PAR1', 'a Parquet file'],
  ['ARROW1', 'an Arrow file'],
  ['PK\u0003\u0004', 'a zip archive or a spreadsheet'],
  ['\u001F\u008B', 'a gzip archive'],
];

/** A text's pieces, which may be cut anywhere; the byte order mark is left out. @throws PronkError `bad-dataset` */
export async function* readTextPieces(source: Source): AsyncGenerator<string> {
  const start = await source.read(0, Math.min(6, source.size));
  const [, binary] = BINARY.find(([magic]) => String.fromCodePoint(...start).startsWith(magic)) ?? [];
  if (binary) throw notText(source, `is ${binary}, not text`);
  const encoding =
    start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8';
  const decoder = new TextDecoder(encoding, { fatal: true });
  let lines = 0;
  for (let at = 0; at < source.size; at += WINDOW) {
    const end = Math.min(at + WINDOW, source.size);
    const bytes = await source.read(at, end);
    let piece: string;
    try {
      piece = decoder.decode(bytes, { stream: end < source.size });
    } catch (error) {
      const line = lines + (encoding === 'utf-8' ? linesBeforeDamage(bytes, at > 0) : 0) + 1;
      const message = `${source.name} is not ${encoding.toUpperCase()} text: line ${line} or the one after it holds bytes that are no characters. Save it as UTF-8.`;
      throw badDataset(message, error);
    }
    if (piece.includes('\u0000')) throw notText(source, 'is not text: it holds zero bytes');
    for (let i = piece.indexOf('\n'); i >= 0; i = piece.indexOf('\n', i + 1)) lines++;
    yield piece;
  }
}

function notText({ name }: Source, why: string): Error {
  return badDataset(`${name} ${why}. Save its rows as JSON, JSON Lines or CSV.`);
}

/** All of a text. @throws PronkError `bad-dataset` */
export async function readWholeText(source: Source): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of readTextPieces(source)) pieces.push(piece);
  try {
    return pieces.join('');
  } catch (error) {
    throw tooLarge(source, error);
  }
}

/** Engines hold about 2²⁹ characters in one string. */
function tooLarge(source: Source, cause?: unknown): Error {
  const message = `${source.name} is too large to be read as one document. Save it as JSON Lines, a row on each line.`;
  return badDataset(message, cause);
}

/** Whole lines, without their ends, in lists. @throws PronkError `bad-dataset` */
export async function* readLines(source: Source): AsyncGenerator<string[]> {
  let rest: string[] = [];
  for await (const piece of readTextPieces(source)) {
    const at = piece.lastIndexOf('\n');
    if (at < 0) {
      rest.push(piece);
      continue;
    }
    const whole = rest.join('') + piece.slice(0, at);
    rest = [piece.slice(at + 1)];
    yield whole.split('\n').map(withoutReturn);
  }
  yield [withoutReturn(rest.join(''))];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Lines of UTF-8 that are whole. @param cut the first line may begin inside a character */
function linesBeforeDamage(bytes: Uint8Array, cut: boolean): number {
  let lines = 0;
  for (let from = 0; from < bytes.length; lines++) {
    const end = bytes.indexOf(LINE_FEED, from);
    if (end < 0) break;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, end));
    } catch {
      if (!cut || lines > 0) break;
    }
    from = end + 1;
  }
  return lines;
}
