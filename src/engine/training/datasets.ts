// The datasets that a person has: read from files, kept in the store, edited, looked at as a model would see them.
import { BadRow, UnknownEncoding } from '../../data/read/bad-dataset';
import {
  type DatasetFormat,
  DATASET_FORMATS,
  type DatasetRead,
  readDataset,
  type ReadOptions,
  type ReadRows,
} from '../../data/read/index';
import { readRowText } from '../../data/read/rows';
import { previewExample, reportDataset } from '../../data/report';
import { toRecord, writeJson } from '../../data/write';
import { PronkError } from '../../core/errors';
import { baseName, blobSource, type Source } from '../../core/source';
import { countMarked, countRows, type DatasetHead, DatasetStore } from '../../storage/datasets';
import type { AccessToken } from '../../hub/access';
import type { RemoteOptions } from '../../hub/repository';
import type { Store } from '../../storage/store';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { lookUpDataset, readHubRows } from './hub-datasets';
import type {
  DatasetOpened,
  DatasetOptions,
  DatasetReport,
  DatasetSummary,
  Example,
  HubDataset,
  HubRows,
  RowPreview,
  RowRead,
  RowsConfig,
  RowSearch,
} from './types';

/** Does work with a stored model's tokenizer. @throws PronkError `missing-model` */
type WithTokenizer = <T>(modelId: string, work: (tokenizer: Tokenizer) => Promise<T>) => Promise<T>;

/** Datasets in a store. */
export class Datasets {
  readonly #stored: DatasetStore<Example>;
  readonly #withTokenizer: WithTokenizer;
  readonly #remote: Pick<RemoteOptions, 'fetch' | 'endpoint'>;

  /**
   * @param withTokenizer for what looks at rows as a model reads them
   * @param remote where the Hub is, if it is not at its usual place
   */
  constructor(store: Store, withTokenizer: WithTokenizer, remote: Pick<RemoteOptions, 'fetch' | 'endpoint'> = {}) {
    this.#stored = new DatasetStore(store, ({ kind }) => kind === 'unread');
    this.#withTokenizer = withTokenizer;
    this.#remote = remote;
  }

  /** All datasets, the newest first. */
  async list(): Promise<DatasetSummary[]> {
    return (await this.#stored.list()).map(summary);
  }

  /**
   * Reads a file and stores its rows, those that cannot be read with their text in their places. Nothing is stored where
   * its columns or its encoding are to be named first.
   * @throws PronkError `bad-dataset` where no row can be read; `quota-exceeded`
   */
  async add(file: Source | File, options: DatasetOptions = {}): Promise<DatasetOpened> {
    const source = file instanceof Blob ? blobSource(file) : file;
    return this.#keep(async () => ({ read: await readDataset(source, readOptions(options)), name: nameOf(source) }));
  }

  /**
   * What there is of a dataset on the Hub.
   * @throws PronkError `bad-address`, `not-found`, `private`, `gated`, `bad-token`, `network`, `unsupported-format`
   */
  lookUp(address: string, tokens: readonly AccessToken[] = []): Promise<HubDataset> {
    return lookUpDataset(address, tokens, this.#remote);
  }

  /**
   * Reads rows of a dataset on the Hub, and stores them as `add` does.
   * @throws PronkError as `lookUp`; `bad-dataset` where no row can be read; `quota-exceeded`
   */
  addFromHub(rows: HubRows, options: DatasetOptions = {}): Promise<DatasetOpened> {
    return this.#keep(() => readHubRows(rows, readOptions(options), this.#remote));
  }

  async #keep(reading: () => Promise<{ readonly read: DatasetRead; readonly name: string }>): Promise<DatasetOpened> {
    try {
      const { read, name } = await reading();
      if (read.kind === 'columns') return read;
      const head = await this.#stored.add({ name, format: read.format }, allRows(read));
      return { kind: 'stored', dataset: summary(head), dropped: read.dropped, notes: notesOf(read) };
    } catch (error) {
      if (!(error instanceof UnknownEncoding)) throw error;
      return { kind: 'encoding', message: error.message, sample: error.sample };
    }
  }

  /** An empty one. */
  async create(name: string): Promise<DatasetSummary> {
    return summary(await this.#stored.add({ name, format: 'Written here' }, []));
  }

  /** All rows, or those from `start` to `end`. @throws PronkError `missing-dataset` */
  rows(id: string, start?: number, end?: number): Promise<Example[]> {
    return this.#stored.rows(id, start, end);
  }

  /** Indices of rows, in their order. @throws PronkError `missing-dataset` */
  async find(id: string, { text = '', unread = false }: RowSearch): Promise<number[]> {
    const wanted = text.toLowerCase();
    const found: number[] = [];
    for (const [row, example] of (await this.rows(id)).entries()) {
      if (unread && example.kind !== 'unread') continue;
      if (wanted === '' || textsOf(example).some((each) => each.toLowerCase().includes(wanted))) found.push(row);
    }
    return found;
  }

  /** Reads the text of one row, as a person has corrected it. */
  readRow(text: string): RowRead {
    try {
      return { rows: readRowText(text) };
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      return { code: error.code, problem: error.message };
    }
  }

  /** What is known of one. @throws PronkError `missing-dataset` */
  async get(id: string): Promise<DatasetSummary> {
    return summary(await this.#stored.get(id));
  }

  /** Replaces `remove` rows at `at` by others. @throws PronkError `missing-dataset`, `quota-exceeded` */
  async edit(id: string, at: number, remove: number, rows: readonly Example[]): Promise<DatasetSummary> {
    return summary(await this.#stored.replace(id, at, remove, rows));
  }

  rename(id: string, name: string): Promise<void> {
    return this.#stored.rename(id, name);
  }

  remove(id: string): Promise<void> {
    return this.#stored.remove(id);
  }

  /**
   * A dataset as a model would see it.
   * @throws PronkError `missing-model`, `missing-dataset`, `unknown-template`, `bad-dataset`, `bad-chat-template`
   */
  report(id: string, modelId: string, config: RowsConfig): Promise<DatasetReport> {
    return this.#withTokenizer(modelId, async (tokenizer) => reportDataset(await this.rows(id), tokenizer, config));
  }

  /** A row as a model reads it. @throws PronkError `missing-row` and what `report` throws */
  preview(id: string, row: number, modelId: string, config: RowsConfig): Promise<RowPreview> {
    return this.#withTokenizer(modelId, async (tokenizer) => {
      const [example] = await this.rows(id, row, row + 1);
      if (!example) throw new PronkError('missing-row', `The dataset has no row ${row + 1}.`);
      return previewExample(example, row, tokenizer, config);
    });
  }

  /** JSON that `add` reads: Alpaca's for instruct rows, its publishers' for other forms. */
  async export(id: string): Promise<File> {
    const { name } = await this.#stored.get(id);
    const text = writeJson((await this.rows(id)).map(toRecord));
    return new File([text], `${name.replaceAll(/[\\/:*?"<>|]/g, '_')}.json`, { type: 'application/json' });
  }
}

function summary(head: DatasetHead): DatasetSummary {
  const { id, name, format, addedAt, editedAt } = head;
  return { id, name, format, rows: countRows(head), unread: countMarked(head), addedAt, editedAt };
}

/** Rows in the file's order, those that cannot be read among them. */
function allRows({ rows, places, unread }: ReadRows): Example[] {
  const all: Example[] = [];
  let next = 0;
  const unreadBefore = (place: number) => {
    for (let each = unread[next]; each && each.place < place; each = unread[++next])
      all.push({ kind: 'unread', text: each.text, code: each.code, problem: each.message });
  };
  for (const [i, row] of rows.entries()) {
    unreadBefore(places[i] ?? 0);
    all.push(row);
  }
  unreadBefore(Infinity);
  return all;
}

/** Notes, with the first of the conversions and how many others there are. */
function notesOf({ conversions, notes }: ReadRows): string[] {
  const [first, ...others] = conversions;
  if (!first) return [...notes];
  const more =
    others.length === 0 ? '' : ` It was the same in ${others.length} more ${others.length === 1 ? 'place' : 'places'}.`;
  return [...notes, `Row ${first.row + 1}: ${first.message}${more}`];
}

function textsOf(row: Example): readonly string[] {
  switch (row.kind) {
    case 'instruct':
      return [row.instruction, row.input, row.output];
    case 'messages':
      return row.messages.map(({ content }) => content);
    case 'completion':
      return [row.prompt, row.completion];
    case 'text':
    case 'unread':
      return [row.text];
    case 'tokens':
      return [];
  }
}

/** @throws PronkError `bad-dataset` */
function readOptions({ format, mapping, encoding }: DatasetOptions): ReadOptions {
  return { format: knownFormat(format), mapping, encoding };
}

/** @throws PronkError `bad-dataset` */
function knownFormat(name: string | undefined): DatasetFormat | undefined {
  const format = DATASET_FORMATS.find((each) => each === name);
  if (name === undefined || format) return format;
  throw new PronkError('bad-dataset', `There is no dataset format ${name}. There are ${DATASET_FORMATS.join(', ')}.`);
}

function nameOf({ name }: Source): string {
  return baseName(name).replace(/\.(jsonl?|ndjson|csv|tsv|tab|txt|text|md|parquet)$/i, '') || 'Dataset';
}
