// JSON and JSON Lines as records: what stands between the brackets, or on each line, whatever the file is called.
import { isObject } from '../../core/json';
import { badDataset } from './bad-dataset';
import { isMessage } from './chat';
import { type JsonPiece, jsonList, jsonValue, jsonValues, reasonOf, skip } from './json-values';
import type { Listed, ListedFile } from './records';
import { readLines, readWholeText, type TextFile } from './text';
import { listIn, WRAPPER_START } from './wrappers';

/** Lines by which a file is known. */
const FIRST_LINES = 10;
/** Lines that one record may be spread over by line breaks in its texts. */
const MOST_JOINED = 50;

/** @throws PronkError `bad-dataset`; the lists throw it too */
export async function readJson(file: TextFile): Promise<ListedFile> {
  if (await hasLines(file)) return { container: 'JSON Lines', lists: readJsonLines(file) };
  return { container: 'JSON', ...readDocument(await readWholeText(file), file.source.name) };
}

/** Whether each line is a row: the first is a value by itself, or damaged and one of the next ones is. */
async function hasLines(file: TextFile): Promise<boolean> {
  const [first = '', ...others] = await firstLines(file);
  const value = jsonValue(first)?.value;
  if (isObject(value)) return listIn(value) === undefined;
  if (Array.isArray(value)) return others.some((line) => line.startsWith('['));
  // lines inside a document end so, and objects among them are its parts
  if (!first.trimStart().startsWith('{') || /[[{,:]\s*$/.test(first)) return false;
  return others.some((line) => line.startsWith('{') && isObject(jsonValue(line)?.value));
}

/** The first lines that are not empty. */
async function firstLines(file: TextFile): Promise<string[]> {
  const found: string[] = [];
  for await (const lines of readLines(file)) {
    for (const line of lines) {
      if (line.trim() !== '') found.push(line);
      if (found.length === FIRST_LINES) return found;
    }
  }
  return found;
}

async function* readJsonLines(file: TextFile): AsyncGenerator<Listed[]> {
  let number = 0;
  /** Lines that are no values, which may be one with line breaks in its texts. */
  let torn: { readonly line: number; readonly text: string }[] = [];
  const asTorn = () => {
    const faults = torn.map(({ line, text }) => fault(text, reasonOf(text), line));
    torn = [];
    return faults;
  };
  for await (const lines of readLines(file)) {
    const listed: Listed[] = [];
    for (const text of lines) {
      number++;
      if (text.trim() === '') continue;
      const values = valuesOf(text);
      if (values) {
        for (const each of [...asTorn(), ...values]) listed.push(each);
        continue;
      }
      torn.push({ line: number, text });
      const joined = torn.length > 1 && valuesOf(torn.map((each) => each.text).join('\n'));
      if (joined) {
        for (const each of joined) listed.push(each);
        torn = [];
      } else if (torn.length === MOST_JOINED) for (const each of asTorn()) listed.push(each);
    }
    yield listed;
  }
  yield asTorn();
}

/** Records of a line; undefined where a part of it is none. */
function valuesOf(line: string): Listed[] | undefined {
  const values: Listed[] = [];
  for (const piece of jsonValues(line)) {
    if (!('value' in piece)) return undefined;
    for (const each of recordsOf(piece)) values.push(each);
  }
  return values;
}

/** A list that stands where a record is expected holds records, unless it is a conversation. */
function recordsOf({ value, quirks }: Extract<JsonPiece, { value: unknown }>): Listed[] {
  const isList = Array.isArray(value) && value.every((each) => isObject(each) && !isMessage(each));
  return isList ? value.map((record: unknown) => ({ record, quirks })) : [{ record: value, quirks }];
}

function readDocument(text: string, name: string): Omit<ListedFile, 'container'> {
  const start = skip(text, 0);
  if (text[start] === '[') return { lists: listsIn(text, start) };
  const pieces = jsonValues(text);
  const [only] = pieces;
  if (pieces.length === 1 && only && 'value' in only) {
    const found = listIn(only.value);
    if (!found && !isObject(only.value))
      throw badDataset(`${name} holds no list of rows. A dataset is [{…}, {…}] or a {…} on each line.`);
    const { list, notes = [] } = found ?? { list: [only.value] };
    // what is said of a document cannot be said of one of its rows
    return { lists: [list.map((record, i) => ({ record, quirks: i === 0 ? only.quirks : [] }))], notes };
  }
  // a list within a document that is damaged somewhere
  const inner = WRAPPER_START.exec(text);
  if (inner && !pieces.every((piece) => 'value' in piece))
    return { lists: [jsonList(text, inner.index + inner[0].length).pieces.map(listedOf)] };
  return { lists: [pieces.flatMap((piece) => ('value' in piece ? recordsOf(piece) : [listedOf(piece)]))] };
}

/** Lists one after the other, mostly one; what follows them is read as records. */
function* listsIn(text: string, start: number): Generator<Listed[]> {
  let at = start;
  while (text[at] === '[') {
    const { pieces, end } = jsonList(text, at + 1);
    const isConversation = pieces.length > 0 && pieces.every((piece) => 'value' in piece && isMessage(piece.value));
    yield isConversation ? [{ record: jsonValue(text.slice(at, end + 1))?.value }] : pieces.map(listedOf);
    at = skip(text, end + 1);
  }
  yield jsonValues(text, at).map(listedOf);
}

function listedOf(piece: JsonPiece): Listed {
  return 'value' in piece ? { record: piece.value, quirks: piece.quirks } : fault(piece.text, piece.reason);
}

function fault(text: string, reason: string, line?: number): Listed {
  const where = line === undefined ? '' : ` (line ${line})`;
  return { text, fault: { code: 'not-json', message: `It is not JSON${where}: ${reason}.` } };
}
