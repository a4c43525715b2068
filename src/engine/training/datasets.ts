// The datasets that a person has: read from files, kept in the store, edited, looked at as a model would see them.
import { type DatasetFormat, DATASET_FORMATS, readDataset } from '../../data/read/index';
import { previewExample, reportDataset } from '../../data/report';
import { toRecord, writeJson } from '../../data/write';
import { PronkError } from '../../formats/errors';
import { baseName, type Source } from '../../formats/source';
import { countRows, type DatasetHead, DatasetStore } from '../../storage/datasets';
import type { Store } from '../../storage/store';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import type {
  ColumnMapping,
  DatasetOpened,
  DatasetReport,
  DatasetSummary,
  Example,
  RowPreview,
  RowsConfig,
} from './types';

/** Datasets in a store. Methods that look at tokens take the model's tokenizer. */
export class Datasets {
  readonly #stored: DatasetStore<Example>;

  constructor(store: Store) {
    this.#stored = new DatasetStore(store);
  }

  /** All datasets, the newest first. */
  async list(): Promise<DatasetSummary[]> {
    return (await this.#stored.list()).map(summary);
  }

  /**
   * Reads a file and stores its rows; or says its columns, and stores nothing, where they are to be mapped first.
   * @throws PronkError `bad-dataset`, naming the row; `quota-exceeded`
   */
  async add(
    source: Source,
    { format, mapping }: { readonly format?: string; readonly mapping?: ColumnMapping } = {},
  ): Promise<DatasetOpened> {
    const read = await readDataset(source, { format: knownFormat(format), mapping });
    if (read.kind === 'columns') return read;
    const { rows, dropped, notes } = read;
    const head = await this.#stored.add({ name: nameOf(source), format: read.format }, rows);
    return { kind: 'stored', dataset: summary(head), dropped, notes };
  }

  /** An empty one. */
  async create(name: string): Promise<DatasetSummary> {
    return summary(await this.#stored.add({ name, format: 'Written here' }, []));
  }

  /** All rows, or those from `start` to `end`. @throws PronkError `missing-dataset` */
  rows(id: string, start?: number, end?: number): Promise<Example[]> {
    return this.#stored.rows(id, start, end);
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

  /** @throws PronkError `missing-dataset`, `unknown-template`, `bad-dataset`, `bad-chat-template` */
  async report(id: string, tokenizer: Tokenizer, config: RowsConfig): Promise<DatasetReport> {
    return reportDataset(await this.rows(id), tokenizer, config);
  }

  /** @throws PronkError `missing-row` and what `report` throws */
  async preview(id: string, row: number, tokenizer: Tokenizer, config: RowsConfig): Promise<RowPreview> {
    const [example] = await this.rows(id, row, row + 1);
    if (!example) throw new PronkError('missing-row', `The dataset has no row ${row + 1}.`);
    return previewExample(example, row, tokenizer, config);
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
  return { id, name, format, rows: countRows(head), addedAt, editedAt };
}

/** @throws PronkError `bad-dataset` */
function knownFormat(name: string | undefined): DatasetFormat | undefined {
  const format = DATASET_FORMATS.find((each) => each === name);
  if (name === undefined || format) return format;
  throw new PronkError('bad-dataset', `There is no dataset format ${name}. There are ${DATASET_FORMATS.join(', ')}.`);
}

function nameOf({ name }: Source): string {
  return baseName(name).replace(/\.(jsonl?|ndjson|csv|tsv|tab|txt|text|md)$/i, '') || 'Dataset';
}
