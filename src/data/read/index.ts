// A file of examples, whichever form it has: told by what it contains, and by its name only where contents leave it open.
import { baseName, type Source } from '../../formats/source';
import { isObject } from '../../formats/json';
import type { ColumnMapping, Example } from '../types';
import { badDataset } from './bad-dataset';
import { parseTable } from './csv';
import { type Form, FORMS, formOf, readMapped, readRecord, USED_FIELDS } from './forms';
import { readJson } from './json';
import { readTextPieces, readWholeText } from './text';
import { keepsDolly } from '../dolly';

/** What `--from` may say: the form of the records, or how the file lists them. */
export const DATASET_FORMATS = [...(Object.keys(FORMS) as Form[]), 'csv', 'tsv', 'txt'] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

export interface ReadOptions {
  /** In place of what the file looks like. */
  readonly format?: DatasetFormat | undefined;
  readonly mapping?: ColumnMapping | undefined;
}

/** Rows; or, where nothing says what its columns are, the columns. */
export type DatasetRead =
  | {
      readonly kind: 'rows';
      /** What the file was taken for, e.g. `Alpaca JSON`. */
      readonly format: string;
      readonly rows: readonly Example[];
      /** Of each row, the index of its record in the file. */
      readonly places: readonly number[];
      /** Records that a conversion left out. */
      readonly dropped: number;
      /** Sentences about what was noticed. */
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'columns';
      readonly columns: readonly string[];
      readonly sample: readonly Readonly<Record<string, string>>[];
    };

interface Listed {
  readonly container: string;
  readonly lists: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>;
}

const SAMPLE_ROWS = 5;
/** Notes name so many fields at most. */
const NAMED_FIELDS = 5;

/** @throws PronkError `bad-dataset`, a sentence that names the row */
export async function readDataset(source: Source, options: ReadOptions = {}): Promise<DatasetRead> {
  const container = await containerOf(source, options.format);
  if (container === 'txt') return readPlainText(source);
  const listed: Listed = container === 'json' ? await readJson(source) : await readTable(source, container);
  return readRecords(listed, source.name, options);
}

/** @throws PronkError `bad-dataset` for an empty file */
async function containerOf(source: Source, format: DatasetFormat | undefined): Promise<'json' | 'csv' | 'tsv' | 'txt'> {
  let first = '';
  for await (const piece of readTextPieces(source)) {
    first = piece.trimStart().slice(0, 1);
    if (first !== '') break;
  }
  if (first === '') throw badDataset(`${source.name} is empty. A dataset has a row at least.`);
  if (format === 'csv' || format === 'tsv' || format === 'txt') return format;
  const extension = /\.(csv|tsv|tab|txt|text|md|jsonl?|ndjson)$/i.exec(source.name)?.[1]?.toLowerCase();
  if (extension === 'csv') return 'csv';
  if (extension === 'tsv' || extension === 'tab') return 'tsv';
  if (extension === 'txt' || extension === 'text' || extension === 'md') return 'txt';
  if (first === '[' || first === '{') return 'json';
  if (extension === undefined) return format === undefined ? 'txt' : 'csv';
  throw badDataset(
    `${source.name} is not JSON: it begins with ${JSON.stringify(first)}. A dataset is [{…}, {…}] or a {…} on each line.`,
  );
}

async function readTable(source: Source, container: 'csv' | 'tsv'): Promise<Listed> {
  const { columns, rows } = parseTable(await readWholeText(source), source.name, container === 'tsv' ? '\t' : '');
  if (columns.length === 0) throw badDataset(`${source.name} has no header. Its first row names the columns.`);
  return { container: container.toUpperCase(), lists: [rows] };
}

async function readRecords(listed: Listed, name: string, { format, mapping }: ReadOptions): Promise<DatasetRead> {
  const given = format !== undefined && Object.hasOwn(FORMS, format) ? (format as Form) : undefined;
  const mapped = mapping && Object.values(mapping).some((column) => column !== undefined) ? mapping : undefined;
  const rows: Example[] = [];
  const places: number[] = [];
  const forms = new Map<Form, number>();
  const noticed = new Noticed();
  let count = 0;
  for await (const records of listed.lists) {
    if (count === 0 && records.length > 0 && !mapped && (given ?? formOf(records[0])) === undefined) {
      return askColumns(records, name);
    }
    for (const record of records) {
      if (mapped) {
        rows.push(readMapped(record, count, mapped));
        places.push(count);
      } else {
        const form = given ?? formOf(record) ?? firstOf(forms);
        for (const row of readRecord(record, count, form)) {
          rows.push(row);
          places.push(count);
        }
        forms.set(form, (forms.get(form) ?? 0) + 1);
        noticed.see(record, form);
      }
      count++;
    }
  }
  if (rows.length === 0) throw badDataset(`${name} has no rows.`);
  const isKept = forms.has('dolly') && forms.size === 1 ? rows.map(keepsDolly) : undefined;
  const kept = isKept ? rows.filter((_, row) => isKept[row]) : rows;
  const form = mapped ? undefined : firstOf(forms);
  return {
    kind: 'rows',
    format: form === undefined ? listed.container : `${FORMS[form]} ${listed.container}`,
    rows: kept,
    places: isKept ? places.filter((_, row) => isKept[row]) : places,
    dropped: rows.length - kept.length,
    notes: [...noticed.notes(), ...mixture(forms)],
  };
}

function firstOf(forms: ReadonlyMap<Form, number>): Form {
  const [form] = forms.keys();
  return form!;
}

function mixture(forms: ReadonlyMap<Form, number>): string[] {
  if (forms.size < 2) return [];
  const counts = [...forms].map(([form, count]) => `${count} × ${FORMS[form]}`).join(', ');
  return [`The rows have different forms: ${counts}. Each is trained in its own.`];
}

function askColumns(records: readonly unknown[], name: string): DatasetRead {
  const sample = records.slice(0, SAMPLE_ROWS).filter(isObject);
  if (sample.length === 0)
    throw badDataset(`${name} holds no rows with named fields. A dataset is [{…}, {…}] or a {…} on each line.`);
  const columns = [...new Set(sample.flatMap((record) => Object.keys(record)))];
  return {
    kind: 'columns',
    columns,
    sample: sample.map((record) =>
      Object.fromEntries(Object.entries(record).map(([column, value]) => [column, cellText(value)])),
    ),
  };
}

function cellText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Paragraphs; lines where there are no empty lines in between. */
async function readPlainText(source: Source): Promise<DatasetRead> {
  const text = (await readWholeText(source)).replaceAll(/\r\n?/g, '\n');
  const paragraphs = text.split(/\n[^\S\n]*\n\s*/).map((each) => each.trim());
  const parts = (paragraphs.filter(Boolean).length > 1 ? paragraphs : text.split('\n')).filter(
    (part) => part.trim() !== '',
  );
  const what = paragraphs.filter(Boolean).length > 1 ? 'paragraph' : 'line';
  return {
    kind: 'rows',
    format: 'Plain text',
    rows: parts.map((part) => ({ kind: 'text', text: part })),
    places: parts.map((_, row) => row),
    dropped: 0,
    notes: [`Each ${what} of ${baseName(source.name)} is a row.`],
  };
}

/** What is said about records beside their rows. */
class Noticed {
  readonly #unused = new Set<string>();
  #evaluation = false;

  see(record: unknown, form: Form): void {
    if (!isObject(record)) return;
    for (const field of Object.keys(record)) if (!USED_FIELDS[form].includes(field)) this.#unused.add(field);
    this.#evaluation ||=
      'motivation_app' in record || ['prompt', 'instruction', 'response', 'target'].every((field) => field in record);
  }

  notes(): string[] {
    const fields = [...this.#unused];
    const named = fields.slice(0, NAMED_FIELDS).join(', ') + (fields.length > NAMED_FIELDS ? ', …' : '');
    return [
      ...(this.#evaluation
        ? [
            'These are the user-oriented tasks that models are compared by. Do not train on them: scores on them would mean nothing.',
          ]
        : []),
      ...(fields.length > 0 ? [`Fields that are not used: ${named}.`] : []),
    ];
  }
}
