// Tables with a header row: CSV, TSV, or whatever delimiter a spreadsheet was told to use.
import Papa from 'papaparse';
import { badDataset } from './bad-dataset';
import type { Listed, ListedFile } from './records';

/** Rows with torn quotation marks after which reading begins again. */
const MOST_TORN = 200;
/** The line by which Excel is told the delimiter. */
const SEPARATOR = /^\uFEFF?sep=([^\r\n])\r?\n/i;

/** Cells of a row and its text in the file; `torn` where its quotation marks do not pair. */
interface RawRow {
  readonly cells: readonly string[];
  readonly text: string;
  readonly torn?: 'MissingQuotes' | 'InvalidQuotes';
}

/** @param name of the file @throws PronkError `bad-dataset` for a header that names nothing, or two columns alike */
export function parseTable(given: string, name: string, delimiter = ''): Omit<ListedFile, 'container'> {
  const said = SEPARATOR.exec(given);
  const text = said ? given.slice(said[0].length) : given.replace(/^\uFEFF/, '');
  const [head, ...rows] = rawRows(text, said?.[1] ?? delimiter).filter(
    ({ cells, torn }) => torn || cells.some((cell) => cell.trim() !== ''),
  );
  const header = head?.cells.map((cell) => cell.trim()) ?? [];
  const columns = header.filter((column) => column !== '');
  if (columns.length === 0) throw badDataset(`${name} has no header. Its first row names the columns.`);
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined)
    throw badDataset(`${name} has two columns of the name ${JSON.stringify(twice)}. Rename one of them.`);
  // spreadsheets save columns that somebody once touched
  const isUnnamed = rows.some(({ cells }) => header.some((column, i) => column === '' && cells[i]?.trim()));
  return {
    lists: [rows.map((row) => listed(row, header))],
    notes: isUnnamed ? ['A column without a name is left out.'] : [],
  };
}

function listed({ cells, text, torn }: RawRow, header: readonly string[]): Listed {
  if (torn) {
    const what =
      torn === 'MissingQuotes'
        ? 'starts a quotation that does not end'
        : 'has a quotation mark that is not written twice';
    return { text, fault: { code: 'torn-quotes', message: `It ${what}.` } };
  }
  const named = header.findLastIndex((column) => column !== '') + 1;
  const extra = cells.slice(header.length);
  if (cells.length < named || extra.some((cell) => cell.trim() !== '')) {
    const counted = `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}`;
    const message = `It has ${counted}, and the header has ${header.length}. A cell with a delimiter or a line break in it needs quotation marks.`;
    return { text, fault: { code: 'wrong-cells', message } };
  }
  const record = Object.fromEntries(header.flatMap((column, i) => (column === '' ? [] : [[column, cells[i] ?? '']])));
  return { record, quirks: extra.length > 0 ? ['wide-row'] : [] };
}

/** Every row; after one whose quotation marks do not pair, reading begins again on the next line. */
function rawRows(text: string, given: string): RawRow[] {
  const rows: RawRow[] = [];
  let delimiter = given;
  let from = 0;
  for (let tries = 0; from < text.length; tries++) {
    const rest = text.slice(from);
    let at = 0;
    let again: number | undefined;
    Papa.parse<string[]>(rest, {
      delimiter,
      step: ({ data, errors, meta }, parser) => {
        delimiter = meta.delimiter;
        const row = rest.slice(at, meta.cursor);
        const quotes = errors.find(({ type }) => type === 'Quotes');
        const torn = quotes && (quotes.code === 'MissingQuotes' ? 'MissingQuotes' : 'InvalidQuotes');
        const lineEnd = torn && tries < MOST_TORN ? rest.indexOf('\n', at) : -1;
        const isCut = lineEnd >= 0 && lineEnd < meta.cursor - 1;
        const own = isCut ? rest.slice(at, lineEnd) : row;
        rows.push({ cells: data, text: own.replace(/[\r\n]+$/, ''), ...(torn && { torn }) });
        if (isCut) {
          again = lineEnd + 1;
          parser.abort();
        }
        at = meta.cursor;
      },
    });
    from = again === undefined ? text.length : from + again;
  }
  return rows;
}
