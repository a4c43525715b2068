// Records -> rows: each by its own form; what cannot be read is set aside with its text and the reason.
import { isObject } from '../../core/json';
import type { ColumnMapping, Example, RowProblem } from '../types';
import { BadRow, badDataset, type Finding } from './bad-dataset';
import { type Form, FORMS, formOf, named } from './form-of';
import { cellText, readMapped, readRecord, USED_FIELDS } from './forms';
import type { DatasetRead, ReadOptions } from './index';
import { jsonValue } from './json-values';
import { PREFERENCES_NOTE } from './preferences';
import { type Listed, type ListedFile, QUIRKS, Tally } from './records';

/** A record that cannot be read. */
export interface Unread extends Finding {
  /** Its index in the file. */
  readonly place: number;
  /** The record as the file has it. */
  readonly text: string;
}

const SAMPLE_ROWS = 5;
/** Notes name so many fields at most. */
const NAMED_FIELDS = 5;
/** Conversions that are said once of all rows, not of each. */
const SAID_ONCE: Readonly<Record<string, string>> = {
  'split-turns': 'Texts with turn markers ([INST], ### Human:, ### Instruction:) were split into turns',
};

/** @throws PronkError `bad-dataset` where there are no records with fields */
export async function readRecords(
  file: ListedFile,
  name: string,
  { format, mapping }: ReadOptions,
): Promise<DatasetRead> {
  const given = format !== undefined && Object.hasOwn(FORMS, format) ? (format as Form) : undefined;
  const mapped = mapping && Object.values(mapping).some((column) => column !== undefined) ? mapping : undefined;
  const reader = new RowReader(given, mapped);
  for await (const list of file.lists) {
    if (!reader.begins(list)) return askColumns(list, name);
    for (const each of list) reader.read(each);
  }
  const form = mapped ? undefined : reader.form;
  return {
    kind: 'rows',
    format: form === undefined ? file.container : `${FORMS[form]} ${file.container}`,
    rows: reader.rows,
    places: reader.places,
    unread: reader.unread,
    conversions: reader.conversions,
    dropped: 0,
    notes: [...(file.notes ?? []), ...reader.notes()],
  };
}

/**
 * The rows that a record's text is, as a person corrects it.
 * @param like the form of the dataset's other rows
 * @throws BadRow
 */
export function readRowText(text: string): Example[] {
  const value = jsonValue(text);
  if (!value)
    throw new BadRow('not-json', 'is not JSON. A row is {"instruction": "…", "output": "…"} or of another known form.');
  return readRecord(value.value, formOf(value.value) ?? 'alpaca', () => {});
}

class RowReader {
  readonly rows: Example[] = [];
  readonly places: number[] = [];
  readonly unread: Unread[] = [];
  readonly conversions: RowProblem[] = [];
  readonly #given: Form | undefined;
  readonly #mapping: ColumnMapping | undefined;
  readonly #forms = new Map<Form, number>();
  readonly #noticed = new Noticed();
  /** The form of records whose fields say nothing. */
  #usual: Form | undefined;
  #count = 0;

  constructor(given: Form | undefined, mapping: ColumnMapping | undefined) {
    this.#given = given;
    this.#mapping = mapping;
  }

  /** The commonest form of the rows that were read: the first of them where several are. */
  get form(): Form | undefined {
    const [form] = this.#forms.keys();
    return form;
  }

  /** Whether it is known what the rows are, after a look at the first list. */
  begins(list: readonly Listed[]): boolean {
    if (this.#given !== undefined || this.#mapping || this.#usual !== undefined || list.length === 0) return true;
    for (const each of list) if ('record' in each) this.#usual ??= formOf(each.record);
    return this.#usual !== undefined || list.every((each) => !('record' in each) || isKept(each.record));
  }

  read(listed: Listed): void {
    const place = this.#count++;
    if (!('record' in listed)) {
      this.unread.push({ place, text: listed.text, ...listed.fault });
      return;
    }
    const { record, quirks = [] } = listed;
    for (const quirk of quirks) this.#noticed.add(QUIRKS[quirk], place);
    if (isKept(record)) {
      const { pronk_unread: text, problem } = record;
      this.unread.push({ place, text, code: 'not-repaired', message: problem ?? 'It has not been repaired yet.' });
      return;
    }
    try {
      for (const row of this.#read(record, place)) {
        this.rows.push(row);
        this.places.push(place);
      }
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      this.unread.push({ place, text: cellText(record), ...error.finding });
    }
  }

  #read(record: unknown, place: number): Example[] {
    const found: Finding[] = [];
    const see = (finding: Finding) => found.push(finding);
    const form = this.#given ?? formOf(record) ?? this.#usual ?? 'alpaca';
    const rows = this.#mapping ? [readMapped(record, this.#mapping, see)] : readRecord(record, form, see);
    for (const finding of found) {
      const once = SAID_ONCE[finding.code];
      if (once !== undefined) this.#noticed.add(once, place);
      else this.conversions.push({ row: place, ...finding });
    }
    if (!this.#mapping) {
      this.#forms.set(form, (this.#forms.get(form) ?? 0) + 1);
      this.#noticed.see(record, form);
    }
    return rows;
  }

  notes(): string[] {
    return [
      ...this.#noticed.notes(),
      ...(this.#forms.has('preferences') ? [PREFERENCES_NOTE] : []),
      ...mixture(this.#forms),
    ];
  }
}

/** A row that could not be read when it was exported. */
function isKept(record: unknown): record is { readonly pronk_unread: string; readonly problem?: string } {
  return isObject(record) && typeof record['pronk_unread'] === 'string';
}

function mixture(forms: ReadonlyMap<Form, number>): string[] {
  if (forms.size < 2) return [];
  const counts = [...forms].map(([form, count]) => `${count} × ${FORMS[form]}`).join(', ');
  return [`The rows have different formats: ${counts}. Each is trained in its own format.`];
}

function askColumns(list: readonly Listed[], name: string): DatasetRead {
  const sample = list
    .flatMap((each) => ('record' in each && isObject(each.record) ? [each.record] : []))
    .slice(0, SAMPLE_ROWS);
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

/** What is said about records beside their rows. */
class Noticed {
  readonly #unused = new Set<string>();
  readonly #tally = new Tally();
  #evaluation = false;

  add(words: string, row: number): void {
    this.#tally.add(words, row);
  }

  see(record: unknown, form: Form): void {
    if (!isObject(record)) return;
    const fields = Object.keys(record);
    const known = Object.keys(named(record));
    for (const [i, field] of known.entries())
      if (!USED_FIELDS[form].includes(field)) this.#unused.add(fields[i] ?? field);
    this.#evaluation ||=
      'motivation_app' in record || ['prompt', 'instruction', 'response', 'target'].every((field) => field in record);
  }

  notes(): string[] {
    const fields = [...this.#unused];
    const listed = fields.slice(0, NAMED_FIELDS).join(', ') + (fields.length > NAMED_FIELDS ? ', …' : '');
    return [
      ...(this.#evaluation
        ? [
            'These are the user-oriented tasks that are used to compare models. Do not train on them: scores on them would mean nothing.',
          ]
        : []),
      ...(fields.length > 0 ? [`Fields that are not used: ${listed}.`] : []),
      ...this.#tally.notes(),
    ];
  }
}
