// Lists of records in what other programs put around them: a name, splits, ids, pandas' forms, the dataset viewer's answers.
import { isObject, type JsonObject } from '../../core/json';
import { formOf } from './form-of';
import { isMessage } from './chat';

/** Names of a list that stands in an object. */
const LISTS = ['data', 'rows', 'examples', 'instances', 'dataset', 'records', 'items', 'samples'];
/** Names of parts of a dataset; those to train on first. */
const SPLITS = ['train', 'training', 'validation', 'valid', 'val', 'dev', 'eval', 'test'];

/** Where such a list begins in a text. */
export const WRAPPER_START = new RegExp(`"(?:${[...SPLITS, ...LISTS].join('|')})"\\s*:\\s*\\[`);

export interface FoundList {
  readonly list: readonly unknown[];
  readonly notes?: readonly string[];
}

/** The records that a document holds; undefined for one that is a record itself, or none. */
export function listIn(value: unknown): FoundList | undefined {
  if (!isObject(value) || isMessage(value)) return undefined;
  return (
    splits(value) ?? splitFrame(value) ?? wrapped(value) ?? byId(value) ?? columnsById(value) ?? columnLists(value)
  );
}

/** `{"train": …, "test": …}`: what is there to be trained on. */
function splits(value: JsonObject): FoundList | undefined {
  const names = SPLITS.filter((name) => Array.isArray(value[name]) || isObject(value[name]));
  const [taken, ...others] = names;
  if (taken === undefined || formOf(value) !== undefined) return undefined;
  const found = inside(value[taken]);
  if (!found || others.length === 0) return found;
  const sizes = others.map((name) => `${name} (${inside(value[name])?.list.length ?? 0})`).join(', ');
  return { ...found, notes: [...(found.notes ?? []), `Of its parts ${taken} is read; left out: ${sizes}.`] };
}

/** A list, or an object that holds one. */
function inside(value: unknown): FoundList | undefined {
  return Array.isArray(value) ? { list: value.map(unframed) } : listIn(value);
}

/** pandas' `to_dict("split")`. */
function splitFrame({ columns, data }: JsonObject): FoundList | undefined {
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every((row) => Array.isArray(row))) return undefined;
  return {
    list: data.map((row: unknown[]) => Object.fromEntries(columns.map((name, i) => [String(name), row[i]]))),
  };
}

/** `{"data": …}` and its like. */
function wrapped(value: JsonObject): FoundList | undefined {
  const known = formOf(value);
  const name = LISTS.find((each) => Array.isArray(value[each]) || isObject(value[each]));
  if (name === undefined || (known !== undefined && known !== 'text')) return undefined;
  return inside(value[name]);
}

/** A row as the dataset viewer wraps it. */
function unframed(record: unknown): unknown {
  return isObject(record) && isObject(record['row']) && 'row_idx' in record ? record['row'] : record;
}

/** Records under ids, `{"1": {…}, "2": {…}}`. */
function byId(value: JsonObject): FoundList | undefined {
  const list = Object.values(value);
  return list.length > 0 && list.every(isObject) && list.some((record) => formOf(record) !== undefined)
    ? { list }
    : undefined;
}

/** pandas' `to_json()`: values under row names, under columns. */
function columnsById(value: JsonObject): FoundList | undefined {
  const columns = Object.entries(value);
  if (columns.length < 2 || !columns.every(([, column]) => isObject(column))) return undefined;
  const cells = columns as [string, JsonObject][];
  const names = [...new Set(cells.flatMap(([, column]) => Object.keys(column)))];
  if (formOf(value) === undefined && !names.every((name) => /^\d+$/.test(name))) return undefined;
  return { list: names.map((name) => Object.fromEntries(cells.map(([column, each]) => [column, each[name]]))) };
}

/** pandas' `to_dict("list")`: a list of values under each column. */
function columnLists(value: JsonObject): FoundList | undefined {
  const columns = Object.entries(value);
  const lists = columns.filter((column): column is [string, unknown[]] => Array.isArray(column[1]));
  const rows = lists[0]?.[1].length ?? 0;
  if (rows === 0 || lists.length < columns.length || lists.some(([, list]) => list.length !== rows)) return undefined;
  // a row whose own values are lists
  const isRow = lists.some(([name, list]) => list.some(isMessage) || (name === 'input_ids' && !Array.isArray(list[0])));
  if (isRow || (lists.length < 2 && formOf(value) === undefined)) return undefined;
  return {
    list: Array.from({ length: rows }, (_, i) => Object.fromEntries(lists.map(([name, list]) => [name, list[i]]))),
  };
}
