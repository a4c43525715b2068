// Files as text, read piece by piece: UTF-8, UTF-16 with a byte order mark or without, or what a person says.
import type { Source } from '../../core/source';
import { badDataset, UnknownEncoding } from './bad-dataset';

const WINDOW = 4 << 20;
const LINE_FEED = 0x0a;
/** Bytes by which text is known. */
const START = 4096;
/** Bytes that are shown of text in an unknown encoding. */
const SAMPLE = 200;

/** What people take for text, by the first bytes. */
const BINARY: readonly (readonly [magic: string, what: string])[] = [
  ['ARROW1', 'an Arrow file'],
  ['PK\u0003\u0004', 'a zip archive or a spreadsheet'],
  ['\u001F\u008B', 'a gzip archive'],
];

/** A file and the encoding that a person has named for it. */
export interface TextFile {
  readonly source: Source;
  /** A label that `TextDecoder` knows. */
  readonly encoding?: string | undefined;
}

/** A text's pieces, which may be cut anywhere; the byte order mark is left out. @throws PronkError `bad-dataset` */
export async function* readTextPieces(file: TextFile): AsyncGenerator<string> {
  const { source } = file;
  const start = await source.read(0, Math.min(START, source.size));
  const [, binary] = BINARY.find(([magic]) => startsWith(start, magic)) ?? [];
  if (binary) throw notText(source, `is ${binary}, not text`);
  const decoder = decoderOf(file, start);
  let lines = 0;
  for (let at = 0; at < source.size; at += WINDOW) {
    const end = Math.min(at + WINDOW, source.size);
    const bytes = await source.read(at, end);
    let piece: string;
    try {
      piece = repaired(decoder, decoder.decode(bytes, { stream: end < source.size }));
    } catch (error) {
      throw undecoded(file, decoder.encoding, bytes, at, lines, error);
    }
    if (piece.includes('\u0000')) throw notText(source, 'is not text: it holds zero bytes');
    for (let i = piece.indexOf('\n'); i >= 0; i = piece.indexOf('\n', i + 1)) lines++;
    yield piece;
  }
}

/** What windows-1252 has where Latin 1 has controls; versions of Node decode one as the other. */
const WESTERN = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ';

function repaired({ encoding }: TextDecoder, text: string): string {
  if (encoding !== 'windows-1252') return text;
  return text.replaceAll(/[\u0080-\u009F]/g, (control) => WESTERN[control.charCodeAt(0) - 0x80] ?? control);
}

export function startsWith(bytes: Uint8Array, magic: string): boolean {
  return [...magic].every((character, i) => bytes[i] === character.charCodeAt(0));
}

/** Whether text can be read in an encoding of this name. */
export function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

function decoderOf({ encoding }: TextFile, start: Uint8Array): TextDecoder {
  if (encoding !== undefined && !isEncoding(encoding))
    throw badDataset(
      `There is no encoding ${encoding}. Known are utf-8, utf-16le, windows-1252 and others of the Web's.`,
    );
  return new TextDecoder(encoding ?? encodingOf(start), { fatal: true });
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  // most of what is written in Latin letters has a zero in every second byte
  const zeros = [0, 0];
  for (const [i, byte] of start.entries()) if (byte === 0) zeros[i % 2]++;
  const [even = 0, odd = 0] = zeros;
  if (odd > 3 && odd > start.length / 5 && even < odd / 10) return 'utf-16le';
  if (even > 3 && even > start.length / 5 && odd < even / 10) return 'utf-16be';
  return 'utf-8';
}

function undecoded(
  { source, encoding }: TextFile,
  taken: string,
  bytes: Uint8Array,
  at: number,
  lines: number,
  cause: unknown,
): Error {
  const damage = taken === 'utf-8' ? damageIn(bytes, at > 0) : { lines: 0, start: 0 };
  const line = lines + damage.lines + 1;
  const what = `${source.name} is not ${taken.toUpperCase()} text: line ${line} or the one after it holds bytes that are no characters.`;
  if (encoding !== undefined) return badDataset(`${what} Name another encoding.`, cause);
  const sample = bytes.slice(damage.start, damage.start + SAMPLE);
  return new UnknownEncoding(`${what} Save it as UTF-8, or choose its encoding.`, sample, cause);
}

function notText({ name }: Source, why: string): Error {
  return badDataset(`${name} ${why}. Save its rows as JSON, JSON Lines or CSV.`);
}

/** All of a text. @throws PronkError `bad-dataset` */
export async function readWholeText(file: TextFile): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of readTextPieces(file)) pieces.push(piece);
  try {
    return pieces.join('');
  } catch (error) {
    throw tooLarge(file.source, error);
  }
}

/** Engines hold about 2²⁹ characters in one string. */
function tooLarge(source: Source, cause?: unknown): Error {
  const message = `${source.name} is too large to be read as one document. Save it as JSON Lines, a row on each line.`;
  return badDataset(message, cause);
}

/** Whole lines, without their ends, in lists; ends are line feeds, or returns where there is no line feed. @throws PronkError `bad-dataset` */
export async function* readLines(file: TextFile): AsyncGenerator<string[]> {
  let rest: string[] = [];
  let end: string | undefined;
  for await (const piece of readTextPieces(file)) {
    end ??= piece.includes('\n') || !piece.includes('\r') ? '\n' : '\r';
    const at = piece.lastIndexOf(end);
    if (at < 0) {
      rest.push(piece);
      continue;
    }
    const whole = rest.join('') + piece.slice(0, at);
    rest = [piece.slice(at + 1)];
    yield whole.split(end).map(withoutReturn);
  }
  yield [withoutReturn(rest.join(''))];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** How many lines of UTF-8 are whole, and where the one begins that is not. @param cut the first line may begin inside a character */
function damageIn(bytes: Uint8Array, cut: boolean): { readonly lines: number; readonly start: number } {
  let [lines, from] = [0, 0];
  for (; from < bytes.length; lines++) {
    const end = bytes.indexOf(LINE_FEED, from);
    if (end < 0) break;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, end));
    } catch {
      if (!cut || lines > 0) break;
    }
    from = end + 1;
  }
  return { lines, start: from };
}
