// Tables with a header row: CSV, TSV, or whatever delimiter a spreadsheet was told to use.
import Papa from 'papaparse';
import { badDataset, badRow } from './bad-dataset';

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** What papaparse puts cells under that have no column. */
const EXTRA = '__parsed_extra';

/** @param name of the file @throws PronkError `bad-dataset`, naming the row */
export function parseTable(text: string, name: string, delimiter = ''): Table {
  const { data, errors, meta } = Papa.parse<Record<string, string>>(text, {
    header: true,
    delimiter,
    skipEmptyLines: 'greedy',
    transformHeader: (header) => header.trim(),
  });
  const columns = meta.fields ?? [];
  if (meta.renamedHeaders && Object.keys(meta.renamedHeaders).length > 0) {
    const [twice] = Object.values(meta.renamedHeaders);
    throw badDataset(`${name} has two columns of the name ${JSON.stringify(twice)}. Rename one of them.`);
  }
  const torn = errors.find(({ type }) => type === 'Quotes');
  if (torn) {
    const message =
      torn.code === 'MissingQuotes'
        ? 'begins a quotation that does not end'
        : 'has a quotation mark that is not written twice';
    throw badRow(Math.max(0, (torn.row ?? 1) - 1), `of ${name} ${message}. Correct it and add the file again.`);
  }
  const uneven = errors.find(({ type }) => type === 'FieldMismatch');
  if (uneven) {
    const row = uneven.row ?? 0;
    const { [EXTRA]: extra, ...cells } = data[row] as Record<string, string | string[]>;
    const found = Object.keys(cells).length + (extra?.length ?? 0);
    throw badRow(
      row,
      `of ${name} has ${found} cells, and the header has ${columns.length}. A cell with a delimiter or a line break in it needs quotation marks.`,
    );
  }
  return { columns, rows: data };
}
