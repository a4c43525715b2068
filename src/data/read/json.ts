// JSON and JSON Lines as records: what stands between the brackets, or on each line, whatever the file is called.
import { isObject } from '../../formats/json';
import type { Source } from '../../formats/source';
import { badDataset, badRow } from './bad-dataset';
import { readLines, readWholeText } from './text';

/** Values that a file lists, and how it lists them. */
export interface Records {
  readonly container: 'JSON' | 'JSON Lines';
  /** In lists; `line` is that of a list's first value, from 1, for JSON Lines. */
  readonly lists: AsyncIterable<readonly unknown[]>;
}

/** A list that stands alone in an object: `{"data": […]}`. */
const WRAPPERS = ['data', 'rows', 'train', 'examples', 'instances', 'dataset'];

/** @throws PronkError `bad-dataset`; the lists throw it too */
export async function readJson(source: Source): Promise<Records> {
  if (await hasLines(source)) return { container: 'JSON Lines', lists: readJsonLines(source) };
  const text = await readWholeText(source);
  return { container: 'JSON', lists: once(listIn(parseDocument(text, source), source)) };
}

/** Whether each line is a row: the first is an object by itself, or damaged and the second one is. */
async function hasLines(source: Source): Promise<boolean> {
  const [first = '', second = ''] = await firstLines(source);
  const value = parsed(first);
  if (value !== undefined) return isObject(value) && wrapped(value) === undefined;
  // lines inside a document end so, and objects among them are its parts
  return first.trimStart().startsWith('{') && !/[[{,:]\s*$/.test(first) && isObject(parsed(second));
}

/** The first two lines that are not empty. */
async function firstLines(source: Source): Promise<string[]> {
  const found: string[] = [];
  for await (const lines of readLines(source)) {
    for (const line of lines) {
      if (line.trim() !== '') found.push(line);
      if (found.length === 2) return found;
    }
  }
  return found;
}

async function* readJsonLines(source: Source): AsyncGenerator<unknown[]> {
  let [line, row] = [0, 0];
  for await (const lines of readLines(source)) {
    const values: unknown[] = [];
    for (const text of lines) {
      line++;
      if (text.trim() === '') continue;
      try {
        values.push(JSON.parse(text));
      } catch (error) {
        throw badDataset(
          `Row ${row + 1} (line ${line} of ${source.name}) is not JSON: ${reason(error)}. Correct the line or take it out.`,
          error,
        );
      }
      row++;
    }
    yield values;
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** The list in a document. */
function listIn(value: unknown, source: Source): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const list = wrapped(value);
  if (list) return list;
  if (isObject(value)) return [value];
  throw badDataset(`${source.name} holds no list of rows. A dataset is [{…}, {…}] or a {…} on each line.`);
}

function wrapped(value: unknown): readonly unknown[] | undefined {
  if (!isObject(value)) return undefined;
  const key = WRAPPERS.find((each) => Array.isArray(value[each]));
  if (key === undefined || 'instruction' in value) return undefined;
  return value[key] as unknown[];
}

function parseDocument(text: string, source: Source): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const damaged = text.trimStart().startsWith('[') ? damagedElement(text) : undefined;
    if (damaged === undefined) throw badDataset(`${source.name} is not JSON: ${reason(error)}.`, error);
    throw badRow(damaged, `of ${source.name} is not JSON: ${reason(error)}. Correct it; the rows before it are whole.`);
  }
}

/** Engines quote a part of the text, which may be long and hold line breaks. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replaceAll(/\s+/g, ' ');
  return (line.length > 160 ? `${line.slice(0, 160)}…` : line).replace(/\.$/, '');
}

/** Index of the first element of an array's text that cannot be read. */
function damagedElement(text: string): number {
  let [depth, inString, start, index] = [0, false, text.indexOf('[') + 1, 0];
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && depth > 0) depth--;
    else if (depth === 0 && (character === ',' || character === ']')) {
      if (parsed(text.slice(start, at)) === undefined) return index;
      index++;
      start = at + 1;
    }
  }
  return index;
}

/** The value, or undefined for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
